import { isRoomId, isUserId } from '../../../core/ids.ts';
import { invalidParam } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';
import type { DoctorRouteParts } from './doctor-route-parts.ts';

/** Ours: events of a room, of one user and before a time if that is given, whatever became of them: the newest first. */
export const findEvents = ({ find }: DoctorRouteParts) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/copse/v1/trace',
    auth: 'admin',
    async handle({ query }) {
      const roomId = query.required('room_id');
      const sender = query.get('sender');
      if (!isRoomId(roomId)) throw invalidParam(`${roomId} is no room ID.`);
      if (sender !== undefined && !isUserId(sender)) throw invalidParam(`${sender} is no user ID.`);
      const ts =
        query.get('ts') === undefined ? undefined : query.integer('ts', { fallback: 0, max: Number.MAX_SAFE_INTEGER });
      return { events: await find({ roomId, sender, ts }) };
    },
  });
