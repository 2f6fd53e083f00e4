import { MatrixError, notFound } from '../../../core/matrix-error.ts';
import { visibleEvent } from '../../../rooms/context.ts';
import { joinedRoom } from '../../../rooms/room-access.ts';
import { endpoint } from '../../endpoint.ts';
import { ReportBody, type ReportParts } from './report-parts.ts';

/** reportEvent: reports an event of a room that the user is in. */
export const reportEvent = ({ accounts: { reports }, rooms }: ReportParts) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/rooms/:roomId/report/:eventId',
    auth: 'user',
    limit: 'report',
    body: ReportBody,
    async handle({ user, params, body }) {
      const room = await joinedRoom(rooms, params.roomId, user).catch(hide);
      const { event } = (await visibleEvent(rooms, rooms.db, room, user, params.eventId)).stored;
      await reports.event(user.userNid, { roomId: room.roomId, eventId: event.id, userId: event.sender }, body);
      return {};
    },
  });

function hide(error: unknown): never {
  if (error instanceof MatrixError && error.errcode === 'M_FORBIDDEN') {
    throw notFound('The event was not found, or you are not in the room.');
  }
  throw error;
}
