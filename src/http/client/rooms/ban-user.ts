import { ban } from '../../../rooms/membership.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { knownRoom } from '../../../rooms/room-access.ts';
import { endpoint } from '../../endpoint.ts';
import { refuseSuspended } from '../../refuse-suspended.ts';
import { MemberBody, targetOf } from './member-body.ts';

/** ban: bans a user, who may be in the room or not. */
export const banUser = ({ rooms }: { readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/rooms/:roomId/ban',
    auth: 'user',
    limit: 'other',
    body: MemberBody,
    strictJson: true,
    async handle({ user, params, body }) {
      refuseSuspended(user);
      const room = await knownRoom(rooms, params.roomId);
      await ban(rooms, room, { sender: user.userId, reason: body.reason }, targetOf(body));
      return {};
    },
  });
