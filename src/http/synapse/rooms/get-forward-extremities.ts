import { forwardExtremities } from '../../../rooms/forward-extremities.ts';
import { roomNamed } from '../../../rooms/join-target.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { endpoint } from '../../endpoint.ts';

/** Synapse admin API, "Check for forward extremities". When an event was received is not kept; its own time is. */
export const getForwardExtremities = ({ rooms }: { readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/rooms/:roomId/forward_extremities',
    auth: 'admin',
    async handle({ params }) {
      const room = await roomNamed(rooms, params.roomId);
      const found = await forwardExtremities(rooms, rooms.db, room);
      const results = found.map(({ event, stateAfter }) => ({
        event_id: event.id,
        state_group: stateAfter,
        depth: event.depth,
        received_ts: null,
        origin_server_ts: event.ts,
      }));
      return { count: results.length, results };
    },
  });
