import { membershipsOf } from '../../../rooms/memberships.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { endpoint } from '../../endpoint.ts';

/** Synapse admin API, "List joined rooms of a user". */
export const listUserRooms = ({ rooms }: { readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/users/:userId/joined_rooms',
    auth: 'admin',
    async handle({ params }) {
      const all = await membershipsOf(rooms, rooms.db, params.userId);
      const joined = all.filter(([, membership]) => membership === 'join').map(([roomId]) => roomId);
      return { joined_rooms: joined, total: joined.length };
    },
  });
