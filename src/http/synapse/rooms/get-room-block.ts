import { roomBlocker } from '../../../rooms/blocked-rooms.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { endpoint } from '../../endpoint.ts';

/** Synapse admin API, "Get block status". */
export const getRoomBlock = ({ rooms }: { readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/rooms/:roomId/block',
    auth: 'admin',
    async handle({ params }) {
      const blocker = await roomBlocker(rooms.db, params.roomId);
      return blocker === undefined ? { block: false } : { block: true, user_id: blocker };
    },
  });
