import { eventContext } from '../../../rooms/context.ts';
import { readableRoom } from '../../../rooms/room-access.ts';
import { endpoint, PAGE_OF_EVENTS } from '../../endpoint.ts';
import { streamMember } from '../../json-stream.ts';
import { eventFilter } from './event-filter-query.ts';
import type { RoomRouteParts } from './room-route-parts.ts';
import { viewOf } from './view-of.ts';

const DEFAULT_LIMIT = 10;
const MOST = 1000;

/** getEventContext: what was said around an event, with the state. */
export const getContext = (parts: Pick<RoomRouteParts, 'rooms' | 'ignoredUsers' | 'history'>) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/rooms/:roomId/context/:eventId',
    auth: 'user',
    memory: PAGE_OF_EVENTS,
    async handle({ user, params, query }) {
      const view = await viewOf(parts, user);
      const room = await readableRoom(parts.rooms, params.roomId, view);
      const { answer, state } = await eventContext(parts.rooms, parts.rooms.db, room, view, {
        eventId: params.eventId,
        limit: query.integer('limit', { fallback: DEFAULT_LIMIT, max: MOST }),
        filter: eventFilter(query),
        history: parts.history,
      });
      return streamMember(answer, 'state', state);
    },
  });
