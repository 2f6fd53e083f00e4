import type { RoomId } from '../../../core/ids.ts';
import { hierarchy } from '../../../rooms/hierarchy.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { wholeRoom } from '../../../rooms/room-access.ts';
import { endpoint } from '../../endpoint.ts';

const MOST_ROOMS = 50;
const DEEPEST = 100;

/** Synapse admin API, "Admin Space Hierarchy Endpoint": of the rooms that are known here, whoever may know of them. */
export const getRoomHierarchy = ({ rooms }: { readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/rooms/:roomId/hierarchy',
    auth: 'admin',
    async handle({ user, params, query }) {
      await wholeRoom(rooms, params.roomId);
      const wanted = {
        roomId: params.roomId as RoomId,
        userId: user.userId,
        suggestedOnly: false,
        maxDepth: query.integer('max_depth', { fallback: DEEPEST, max: DEEPEST }),
        limit: query.integer('limit', { fallback: MOST_ROOMS, min: 1, max: MOST_ROOMS }),
        from: query.get('from'),
        showsAll: true,
      };
      return hierarchy(rooms, rooms.db, wanted, undefined);
    },
  });
