import { eventContext } from '../../../rooms/context.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { wholeRoom } from '../../../rooms/room-access.ts';
import { eventFilter } from '../../client/rooms/event-filter-query.ts';
import { endpoint } from '../../endpoint.ts';
import { streamMember } from '../../json-stream.ts';
import { adminView } from '../admin-view.ts';

const DEFAULT_LIMIT = 10;
const MOST = 1000;

/** Synapse admin API, "Event Context API": what was said around a reported event. */
export const getRoomContext = ({ rooms }: { readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/rooms/:roomId/context/:eventId',
    auth: 'admin',
    async handle({ user, params, query }) {
      const whole = await wholeRoom(rooms, params.roomId);
      const { answer, state } = await eventContext(rooms, rooms.db, whole, adminView(user), {
        eventId: params.eventId,
        limit: query.integer('limit', { fallback: DEFAULT_LIMIT, max: MOST }),
        filter: eventFilter(query),
      });
      return streamMember(answer, 'state', state);
    },
  });
