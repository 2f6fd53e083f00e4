import { readableRoom } from '../../../rooms/room-access.ts';
import { threadRoots } from '../../../rooms/threads.ts';
import { endpoint, PAGE_OF_EVENTS } from '../../endpoint.ts';
import type { RoomRouteParts } from './room-route-parts.ts';
import { viewOf } from './view-of.ts';

const DEFAULT_LIMIT = 5;
const MOST = 100;

/** getThreadRoots: the threads of a room, that with the newest reply first. */
export const getThreads = (parts: Pick<RoomRouteParts, 'rooms' | 'ignoredUsers'>) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v1/rooms/:roomId/threads',
    auth: 'user',
    memory: PAGE_OF_EVENTS,
    limit: 'other',
    async handle({ user, params, query }) {
      const view = await viewOf(parts, user);
      const room = await readableRoom(parts.rooms, params.roomId, view);
      return threadRoots(parts.rooms, parts.rooms.db, room, view, {
        include: query.choice('include', ['all', 'participated'], 'all'),
        from: query.get('from'),
        limit: query.integer('limit', { fallback: DEFAULT_LIMIT, min: 1, max: MOST }),
      });
    },
  });
