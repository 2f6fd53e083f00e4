import { messages } from '../../../rooms/messages.ts';
import { readableRoom } from '../../../rooms/room-access.ts';
import { endpoint, PAGE_OF_EVENTS } from '../../endpoint.ts';
import { eventFilter } from './event-filter-query.ts';
import type { RoomRouteParts } from './room-route-parts.ts';
import { viewOf } from './view-of.ts';

const DEFAULT_LIMIT = 10;
const MOST = 1000;

/** getRoomEvents: a page of the history of a room. */
export const getMessages = (parts: Pick<RoomRouteParts, 'rooms' | 'ignoredUsers' | 'history'>) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/rooms/:roomId/messages',
    auth: 'user',
    memory: PAGE_OF_EVENTS,
    async handle({ user, params, query }) {
      const view = await viewOf(parts, user);
      const room = await readableRoom(parts.rooms, params.roomId, view);
      const filter = eventFilter(query);
      const limit = query.integer('limit', { fallback: filter.limit ?? DEFAULT_LIMIT, max: MOST });
      return messages(parts.rooms, parts.rooms.db, room, view, {
        // Required by the specification; other servers read forwards when it is missing, and clients rely on it.
        direction: query.choice('dir', ['f', 'b'], 'f'),
        from: query.get('from'),
        to: query.get('to'),
        limit: Math.min(limit, MOST),
        filter,
        history: parts.history,
      });
    },
  });
