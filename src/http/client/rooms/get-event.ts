import { MatrixError, notFound } from '../../../core/matrix-error.ts';
import { clientEvents } from '../../../rooms/client-event.ts';
import { visibleEvent } from '../../../rooms/context.ts';
import { readableRoom } from '../../../rooms/room-access.ts';
import { endpoint } from '../../endpoint.ts';
import type { RoomRouteParts } from './room-route-parts.ts';
import { viewOf } from './view-of.ts';

/** getOneRoomEvent: an event. Whatever stands against showing it, the answer is that there is none. */
export const getEvent = (parts: Pick<RoomRouteParts, 'rooms' | 'ignoredUsers'>) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/rooms/:roomId/event/:eventId',
    auth: 'user',
    async handle({ user, params }) {
      const { rooms } = parts;
      const view = await viewOf(parts, user);
      const { room } = await readableRoom(rooms, params.roomId, view).catch(hide);
      const seen = await visibleEvent(rooms, rooms.db, room, view, params.eventId);
      const [event] = await clientEvents(rooms, rooms.db, room, view, [seen]);
      return event ?? {};
    },
  });

/** Nobody learns whether they may not see an event or there is none. @throws MatrixError M_NOT_FOUND for M_FORBIDDEN */
export function hide(error: unknown): never {
  if (error instanceof MatrixError && error.errcode === 'M_FORBIDDEN') throw notFound('The event was not found.');
  throw error;
}
