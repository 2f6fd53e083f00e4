import { Type } from '../../../base/schema.ts';
import { setRoomBlocked } from '../../../rooms/blocked-rooms.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { endpoint } from '../../endpoint.ts';

/** Synapse admin API, "Block or unblock a room": nobody here gets in; who is in stays. */
export const setRoomBlock = ({ rooms }: { readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'PUT',
    path: '/_synapse/admin/v1/rooms/:roomId/block',
    auth: 'admin',
    body: Type.Object({ block: Type.Boolean() }),
    async handle({ user, params, body: { block } }) {
      await setRoomBlocked(rooms, params.roomId, user, block);
      return { block };
    },
  });
