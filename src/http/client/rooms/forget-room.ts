import type { RoomId } from '../../../core/ids.ts';
import { forget } from '../../../rooms/membership.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { endpoint } from '../../endpoint.ts';

/** forgetRoom: takes a room that was left out of what the user sees. A room that nobody knows is forgotten already. */
export const forgetRoom = ({ rooms }: { readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/rooms/:roomId/forget',
    auth: 'user',
    limit: 'other',
    async handle({ user, params }) {
      const room = await rooms.rooms.find(rooms.db, params.roomId as RoomId);
      if (room !== undefined) await forget(rooms, room, user.userId);
      return {};
    },
  });
