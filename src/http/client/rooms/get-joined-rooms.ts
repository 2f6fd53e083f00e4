import { roomsOfUser } from '../../../rooms/members.table.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { MEMBERSHIPS } from '../../../rooms/room.ts';
import { endpoint } from '../../endpoint.ts';

/** getJoinedRooms: the IDs of the rooms that the user is in. */
export const getJoinedRooms = ({ rooms }: { readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/joined_rooms',
    auth: 'user',
    async handle({ user }) {
      const rows = await roomsOfUser(rooms.db, user.userNid);
      const joined = rows.filter(row => row.membership === MEMBERSHIPS.join).map(row => row.room_nid);
      const found = await rooms.rooms.byNids(rooms.db, joined);
      return { joined_rooms: [...found.values()].map(room => room.roomId) };
    },
  });
