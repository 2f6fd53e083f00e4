import type { EventId } from '../../../core/ids.ts';
import { notFound } from '../../../core/matrix-error.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { endpoint } from '../../endpoint.ts';

/** Synapse admin API, "Fetch Event API": an event as it went over federation, whoever is in its room. */
export const fetchEvent = ({ rooms }: { readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/fetch_event/:eventId',
    auth: 'admin',
    async handle({ params }) {
      const stored = await rooms.events.byId(rooms.db, params.eventId as EventId);
      if (stored === undefined) throw notFound('The event was not found.');
      const { event } = stored;
      return { event: { ...event.pdu, event_id: event.id, room_id: event.roomId } };
    },
  });
