import type { RoomsParts } from '../../../rooms/parts.ts';
import type { Typing } from '../../../sync/typing.ts';
import type { Endpoint } from '../../endpoint.ts';
import { setTyping } from './set-typing.ts';
import { type SyncParts, sync } from './sync.ts';

export function syncRoutes(parts: SyncParts & { readonly rooms: RoomsParts; readonly typing: Typing }): Endpoint[] {
  return [sync(parts), setTyping(parts)];
}
