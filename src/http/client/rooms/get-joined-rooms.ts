import { joinedRooms } from '../../../rooms/joined-rooms.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { endpoint } from '../../endpoint.ts';

/** getJoinedRooms: the IDs of the rooms that the user is in. */
export const getJoinedRooms = ({ rooms }: { readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/joined_rooms',
    auth: 'user',
    async handle({ user }) {
      const joined = await joinedRooms(rooms, rooms.db, user.userNid);
      return { joined_rooms: joined.map(room => room.roomId) };
    },
  });
