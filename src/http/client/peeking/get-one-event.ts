import { notFound } from '../../../core/matrix-error.ts';
import { clientEvents } from '../../../rooms/client-event.ts';
import { visibleEvent } from '../../../rooms/context.ts';
import { readableRoom, roomOfEvent } from '../../../rooms/room-access.ts';
import { endpoint } from '../../endpoint.ts';
import { hide } from '../rooms/get-event.ts';
import { viewOf } from '../rooms/view-of.ts';
import type { PeekingParts } from './peeking-parts.ts';

/** getOneEvent, deprecated: an event by its ID alone. */
export const getOneEvent = (parts: Pick<PeekingParts, 'rooms' | 'ignoredUsers'>) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/events/:eventId',
    auth: 'user',
    limit: 'other',
    async handle({ user, params }) {
      const { rooms } = parts;
      const view = await viewOf(parts, user);
      const found = await roomOfEvent(rooms, params.eventId);
      if (found === undefined) throw notFound('The event was not found.');
      const { room } = await readableRoom(rooms, found.roomId, view).catch(hide);
      const seen = await visibleEvent(rooms, rooms.db, room, view, params.eventId);
      const [event] = await clientEvents(rooms, rooms.db, room, view, [seen]);
      return event ?? {};
    },
  });
