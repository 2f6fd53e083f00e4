import { invalidParam } from '../../../core/matrix-error.ts';
import { readableRoom } from '../../../rooms/room-access.ts';
import { eventNearTime } from '../../../rooms/timestamp-to-event.ts';
import { endpoint } from '../../endpoint.ts';
import type { RoomRouteParts } from './room-route-parts.ts';
import { viewOf } from './view-of.ts';

/** getEventByTimestamp: the event nearest to a time, on the side that `dir` says. */
export const getEventByTimestamp = (parts: Pick<RoomRouteParts, 'rooms' | 'ignoredUsers' | 'history'>) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v1/rooms/:roomId/timestamp_to_event',
    auth: 'user',
    limit: 'other',
    async handle({ user, params, query }) {
      const ts = Number(query.required('ts'));
      if (!Number.isSafeInteger(ts)) throw invalidParam('The query parameter ts must be an integer.');
      query.required('dir');
      const direction = query.choice('dir', ['f', 'b'], 'f');
      const view = await viewOf(parts, user);
      const { room } = await readableRoom(parts.rooms, params.roomId, view);
      const { rooms, history } = parts;
      const { stored } = await eventNearTime(rooms, rooms.db, room, view, { ts, direction, history });
      return { event_id: stored.event.id, origin_server_ts: stored.event.ts };
    },
  });
