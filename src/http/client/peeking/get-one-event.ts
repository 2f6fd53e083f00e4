import { notFound } from '../../../core/matrix-error.ts';
import { clientEvents } from '../../../rooms/client-event.ts';
import { visibleEvent } from '../../../rooms/context.ts';
import { roomOfEvent } from '../../../rooms/room-access.ts';
import { endpoint } from '../../endpoint.ts';
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
      const room = await roomOfEvent(rooms, params.eventId);
      if (room === undefined) throw notFound('The event was not found.');
      const view = await viewOf(parts, user);
      const seen = await visibleEvent(rooms, rooms.db, room, view, params.eventId);
      const [event] = await clientEvents(rooms, rooms.db, room, view, [seen]);
      return event ?? {};
    },
  });
