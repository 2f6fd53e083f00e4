import { notFound } from '../../../core/matrix-error.ts';
import { clientEvents } from '../../../rooms/client-event.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import type { Room, StoredEvent } from '../../../rooms/room.ts';
import { readableRoom, readableWithMembers } from '../../../rooms/room-access.ts';
import { unseen } from '../../../rooms/sender-members.ts';
import type { Viewer } from '../../../rooms/visibility.ts';
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
    async handle({ user, params, query, signal }) {
      const { rooms } = parts;
      const format = query.choice('format', FORMATS, 'content');
      const view = await viewOf(parts, user);
      const pair = [params.eventType, params.stateKey ?? ''] as const;
      const { room, stored } = await stateNow(rooms, params.roomId, view, pair, signal);
      if (stored === undefined) throw notFound('The room has no such state.');
      if (format === 'content') return stored.event.content;
      const [event] = await clientEvents(rooms, rooms.db, room, view, unseen([stored]), { withoutBundle: true });
      return event ?? {};
    },
  });

/** The entry as it is now; a member who is not known waits until all of them are. */
async function stateNow(
  rooms: RoomsParts,
  roomId: string,
  viewer: Viewer,
  pair: readonly [string, string],
  signal: AbortSignal,
): Promise<{ readonly room: Room; readonly stored: StoredEvent | undefined }> {
  const { room, readable } = await readableRoom(rooms, roomId, viewer);
  const [stored] = await rooms.state.events(rooms.db, room, readable.root, [pair]);
  if (stored !== undefined || pair[0] !== 'm.room.member') return { room, stored };
  const later = await readableWithMembers(rooms, roomId, viewer, signal);
  const [found] = await rooms.state.events(rooms.db, room, later.readable.root, [pair]);
  return { room, stored: found };
}
