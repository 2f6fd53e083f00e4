import type { RoomId } from '../../../core/ids.ts';
import { isListed } from '../../../rooms/directory.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { endpoint } from '../../endpoint.ts';

/** getRoomVisibilityOnDirectory: whether a room is listed. */
export const getVisibility = ({ rooms }: { readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/directory/list/room/:roomId',
    auth: 'none',
    limit: 'other',
    async handle({ params }) {
      const room = await rooms.rooms.get(rooms.db, params.roomId as RoomId);
      return { visibility: (await isListed(rooms.db, room)) ? 'public' : 'private' };
    },
  });
