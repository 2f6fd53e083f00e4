import type { RoomsParts } from '../../../rooms/parts.ts';
import { largestRooms } from '../../../rooms/room-sizes.ts';
import { endpoint } from '../../endpoint.ts';

const MOST = 10;

/** Synapse admin API, "Get largest rooms by size in database": of those with the most events, on either database. */
export const listLargestRooms = ({ rooms }: { readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/statistics/database/rooms',
    auth: 'admin',
    async handle() {
      const sizes = await largestRooms(rooms.db, MOST);
      return { rooms: sizes.map(({ roomId, bytes }) => ({ room_id: roomId, estimated_size: bytes })) };
    },
  });
