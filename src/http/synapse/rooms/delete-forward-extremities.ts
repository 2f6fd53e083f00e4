import { dropForwardExtremities } from '../../../rooms/forward-extremities.ts';
import { roomNamed } from '../../../rooms/join-target.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { endpoint } from '../../endpoint.ts';

/** Synapse admin API, "Deleting forward extremities": all but the newest. */
export const deleteForwardExtremities = ({ rooms }: { readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'DELETE',
    path: '/_synapse/admin/v1/rooms/:roomId/forward_extremities',
    auth: 'admin',
    async handle({ params }) {
      const room = await roomNamed(rooms, params.roomId);
      return { deleted: await dropForwardExtremities(rooms, room) };
    },
  });
