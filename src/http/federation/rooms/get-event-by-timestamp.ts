import { invalidParam } from '../../../core/matrix-error.ts';
import { askedEventNearTime } from '../../../federation/serving/asked-events.ts';
import { endpoint } from '../../endpoint.ts';
import type { RoomEventsParts } from './room-events-parts.ts';

/** getEventByTimestamp of the server-server API. */
export const getEventByTimestamp = ({ rooms }: RoomEventsParts) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/federation/v1/timestamp_to_event/:roomId',
    auth: 'server',
    async handle({ origin, params: { roomId }, query }) {
      const ts = Number(query.required('ts'));
      if (!Number.isSafeInteger(ts)) throw invalidParam('The query parameter ts must be an integer.');
      query.required('dir');
      const direction = query.choice('dir', ['f', 'b'], 'f');
      return askedEventNearTime(rooms, origin, { roomId, ts, direction });
    },
  });
