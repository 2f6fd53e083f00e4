import type { RoomsParts } from '../../../rooms/parts.ts';
import type { EventStream } from '../../../sync/event-stream.ts';
import type { Typing } from '../../../sync/typing.ts';
import type { Endpoint } from '../../endpoint.ts';
import { initialSync } from './initial-sync.ts';
import { setTyping } from './set-typing.ts';
import { type SyncParts, sync } from './sync.ts';

interface SyncRouteParts extends SyncParts {
  readonly rooms: RoomsParts;
  readonly typing: Typing;
  readonly eventStream: EventStream;
}

export function syncRoutes(parts: SyncRouteParts): Endpoint[] {
  return [sync(parts), initialSync(parts), setTyping(parts)];
}
