import { askedEvent } from '../../../federation/serving/asked-events.ts';
import { endpoint } from '../../endpoint.ts';
import type { RoomEventsParts } from './room-events-parts.ts';

/** getEvent: one event, in the shape of a transaction. */
export const getEvent = ({ rooms }: RoomEventsParts) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/federation/v1/event/:eventId',
    auth: 'server',
    async handle({ origin, params: { eventId } }) {
      const pdu = await askedEvent(rooms, origin, eventId);
      return { origin: rooms.serverName, origin_server_ts: rooms.clock.now(), pdus: [pdu] };
    },
  });
