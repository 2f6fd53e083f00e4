import { resolveAlias } from '../../../rooms/aliases.ts';
import { endpoint } from '../../endpoint.ts';
import type { RoomRouteParts } from '../rooms/room-route-parts.ts';

/** getRoomIdByAlias: the room that an alias names. */
export const getAlias = ({ rooms, remote }: Pick<RoomRouteParts, 'rooms' | 'remote'>) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/directory/room/:roomAlias',
    auth: 'none',
    limit: 'other',
    async handle({ params }) {
      const { roomId, servers } = await resolveAlias(rooms, params.roomAlias, remote);
      return { room_id: roomId, servers };
    },
  });
