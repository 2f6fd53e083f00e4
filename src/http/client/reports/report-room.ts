import type { RoomId } from '../../../core/ids.ts';
import { endpoint } from '../../endpoint.ts';
import { ReportBody, type ReportParts } from './report-parts.ts';

/** reportRoom: reports a room, which one need not be in: people see rooms in the directory and in invites. */
export const reportRoom = ({ accounts: { reports }, rooms }: ReportParts) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/rooms/:roomId/report',
    alsoAt: ['/_matrix/client/unstable/org.matrix.msc4151/rooms/:roomId/report'],
    auth: 'user',
    limit: 'report',
    body: ReportBody,
    async handle({ user, params, body }) {
      const { roomId } = await rooms.rooms.get(rooms.db, params.roomId as RoomId);
      await reports.room(user.userNid, roomId, body);
      return {};
    },
  });
