import type { RoomId } from '../../../core/ids.ts';
import { hierarchy } from '../../../rooms/hierarchy.ts';
import { endpoint, PAGE_OF_EVENTS } from '../../endpoint.ts';
import type { RoomRouteParts } from './room-route-parts.ts';

const MOST_ROOMS = 50;
const DEFAULT_DEPTH = 20;
const DEEPEST = 100;

/** getSpaceHierarchy: a page of the tree of a space. */
export const getHierarchy = ({ rooms, remoteRooms }: Pick<RoomRouteParts, 'rooms' | 'remoteRooms'>) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v1/rooms/:roomId/hierarchy',
    alsoAt: ['/_matrix/client/unstable/org.matrix.msc2946/rooms/:roomId/hierarchy'],
    auth: 'user',
    memory: PAGE_OF_EVENTS,
    limit: 'other',
    handle: ({ user, params, query }) =>
      hierarchy(
        rooms,
        rooms.db,
        {
          roomId: params.roomId as RoomId,
          userId: user.userId,
          suggestedOnly: query.boolean('suggested_only'),
          maxDepth: query.integer('max_depth', { fallback: DEFAULT_DEPTH, max: DEEPEST }),
          limit: query.integer('limit', { fallback: MOST_ROOMS, min: 1, max: MOST_ROOMS }),
          from: query.get('from'),
        },
        remoteRooms,
      ),
  });
