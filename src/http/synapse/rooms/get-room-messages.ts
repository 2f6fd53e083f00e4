import { messages } from '../../../rooms/messages.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { wholeRoom } from '../../../rooms/room-access.ts';
import { eventFilter } from '../../client/rooms/event-filter-query.ts';
import { endpoint } from '../../endpoint.ts';
import { adminView } from '../admin-view.ts';

const DEFAULT_LIMIT = 10;
const MOST = 1000;

/** Synapse admin API, "Room Messages API": as `/messages`, for one who is not in the room. */
export const getRoomMessages = ({ rooms }: { readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/rooms/:roomId/messages',
    auth: 'admin',
    async handle({ user, params, query }) {
      const whole = await wholeRoom(rooms, params.roomId);
      const filter = eventFilter(query);
      const limit = query.integer('limit', { fallback: filter.limit ?? DEFAULT_LIMIT, max: MOST });
      return messages(rooms, rooms.db, whole, adminView(user), {
        direction: query.choice('dir', ['f', 'b'], 'f'),
        from: query.get('from'),
        to: query.get('to'),
        limit: Math.min(limit, MOST),
        filter,
      });
    },
  });
