import type { RoomsParts } from '../../../rooms/parts.ts';
import type { Presence } from '../../../sync/presence/presence.ts';
import type { Endpoint } from '../../endpoint.ts';
import { getPresence } from './get-presence.ts';
import { setPresence } from './set-presence.ts';

export function presenceRoutes(parts: {
  readonly rooms: RoomsParts;
  readonly presence: Presence | undefined;
}): Endpoint[] {
  return [getPresence(parts), setPresence(parts)];
}
