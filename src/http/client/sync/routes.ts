import type { RoomsParts } from '../../../rooms/parts.ts';
import type { EventStream } from '../../../sync/event-stream.ts';
import type { SlidingSync } from '../../../sync/sliding/sliding-sync.ts';
import type { Typing } from '../../../sync/typing.ts';
import type { Endpoint } from '../../endpoint.ts';
import { initialSync } from './initial-sync.ts';
import { setTyping } from './set-typing.ts';
import { slidingSync } from './sliding-sync.ts';
import { type SyncParts, sync } from './sync.ts';

interface SyncRouteParts extends SyncParts {
  readonly rooms: RoomsParts;
  readonly typing: Typing;
  readonly slidingSync: SlidingSync;
  readonly eventStream: EventStream;
}

export function syncRoutes(parts: SyncRouteParts): Endpoint[] {
  return [sync(parts), slidingSync(parts), initialSync(parts), setTyping(parts)];
}
