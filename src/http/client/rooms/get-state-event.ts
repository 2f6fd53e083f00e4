import { notFound } from '../../../core/matrix-error.ts';
import { clientEvents } from '../../../rooms/client-event.ts';
import { readableRoom } from '../../../rooms/room-access.ts';
import { unseen } from '../../../rooms/sender-members.ts';
import { endpoint } from '../../endpoint.ts';
import type { RoomRouteParts } from './room-route-parts.ts';
import { viewOf } from './view-of.ts';

const FORMATS = ['content', 'event'] as const;

/** getRoomStateWithKey: one entry of the state, today's or that of the day the user left. */
export const getStateEvent = (parts: Pick<RoomRouteParts, 'rooms' | 'ignoredUsers'>) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/rooms/:roomId/state/:eventType/:stateKey',
    alsoAt: ['/_matrix/client/v3/rooms/:roomId/state/:eventType', '/_matrix/client/v3/rooms/:roomId/state/:eventType/'],
    auth: 'user',
    async handle({ user, params, query }) {
      const { rooms } = parts;
      const format = query.choice('format', FORMATS, 'content');
      const view = await viewOf(parts, user);
      const { room, readable } = await readableRoom(rooms, params.roomId, view);
      const pair = [params.eventType, params.stateKey ?? ''] as const;
      const [stored] = await rooms.state.events(rooms.db, room, readable.root, [pair]);
      if (stored === undefined) throw notFound('The room has no such state.');
      if (format === 'content') return stored.event.content;
      const [event] = await clientEvents(rooms, rooms.db, room, view, unseen([stored]), { withoutBundle: true });
      return event ?? {};
    },
  });
