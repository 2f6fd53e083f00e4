import type { RoomsParts } from '../../../rooms/parts.ts';
import { wholeRoom } from '../../../rooms/room-access.ts';
import { eventNearTime } from '../../../rooms/timestamp-to-event.ts';
import { endpoint } from '../../endpoint.ts';
import { adminView } from '../admin-view.ts';
import { requiredTime } from '../required-time.ts';

/** Synapse admin API, "Room Timestamp to Event API". */
export const getRoomEventByTime = ({ rooms }: { readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/rooms/:roomId/timestamp_to_event',
    auth: 'admin',
    async handle({ user, params, query }) {
      const wanted = { ts: requiredTime(query, 'ts'), direction: query.choice('dir', ['f', 'b'], 'f') };
      const { room } = await wholeRoom(rooms, params.roomId);
      const { stored } = await eventNearTime(rooms, rooms.db, room, adminView(user), wanted);
      return { event_id: stored.event.id, origin_server_ts: stored.event.ts };
    },
  });
