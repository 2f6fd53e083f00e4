import type { Endpoint } from '../../endpoint.ts';
import { getOneEvent } from './get-one-event.ts';
import { listenToEvents } from './listen-to-events.ts';
import type { PeekingParts } from './peeking-parts.ts';
import { roomInitialSync } from './room-initial-sync.ts';

/** Looking into a room without being in it, as clients preview rooms (client-server API, "Room Previews"). */
export function peekingRoutes(parts: PeekingParts): Endpoint[] {
  return [roomInitialSync(parts), listenToEvents(parts), getOneEvent(parts)];
}
