import { relations } from '../../../rooms/relations.ts';
import { readableRoom } from '../../../rooms/room-access.ts';
import { endpoint, PAGE_OF_EVENTS } from '../../endpoint.ts';
import type { RoomRouteParts } from './room-route-parts.ts';
import { viewOf } from './view-of.ts';

const DEFAULT_LIMIT = 5;
const MOST = 100;

/** getRelatingEvents, ...WithRelType, ...WithRelTypeAndEventType: the events that point to an event. */
export const getRelations = (parts: Pick<RoomRouteParts, 'rooms' | 'ignoredUsers'>) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v1/rooms/:roomId/relations/:eventId/:relType/:eventType',
    alsoAt: [
      '/_matrix/client/v1/rooms/:roomId/relations/:eventId/:relType',
      '/_matrix/client/v1/rooms/:roomId/relations/:eventId',
    ],
    auth: 'user',
    memory: PAGE_OF_EVENTS,
    async handle({ user, params, query }) {
      const view = await viewOf(parts, user);
      const room = await readableRoom(parts.rooms, params.roomId, view);
      return relations(parts.rooms, parts.rooms.db, room, view, {
        eventId: params.eventId,
        relType: params.relType,
        eventType: params.eventType,
        direction: query.choice('dir', ['f', 'b'], 'b'),
        from: query.get('from'),
        to: query.get('to'),
        limit: query.integer('limit', { fallback: DEFAULT_LIMIT, min: 1, max: MOST }),
        recurse: query.boolean('recurse'),
      });
    },
  });
