import { MatrixError } from '../../../core/matrix-error.ts';
import { askedHistory } from '../../../federation/serving/asked-events.ts';
import { endpoint } from '../../endpoint.ts';
import { streamMember } from '../../json-stream.ts';
import type { RoomEventsParts } from './room-events-parts.ts';

/** backfillRoom: some events and those before them. */
export const backfill = ({ rooms, large }: RoomEventsParts) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/federation/v1/backfill/:roomId',
    auth: 'server',
    async handle({ origin, params: { roomId }, query, signal }) {
      const from = query.all('v');
      if (from.length === 0) throw new MatrixError('M_MISSING_PARAM', 'The query parameter v is missing.');
      query.required('limit');
      const limit = query.integer('limit', { fallback: 0, max: 1000 });
      return large.give(origin, signal, async () => {
        const pdus = await askedHistory(rooms, origin, { roomId, from, limit });
        return streamMember({ origin: rooms.serverName, origin_server_ts: rooms.clock.now() }, 'pdus', pdus);
      });
    },
  });
