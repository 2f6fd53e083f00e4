import { Type } from '../../../base/schema.ts';
import { MatrixError } from '../../../core/matrix-error.ts';
import { invite } from '../../../rooms/membership.ts';
import { knownRoom } from '../../../rooms/room-access.ts';
import { endpoint } from '../../endpoint.ts';
import { refuseGuest } from '../../refuse-guest.ts';
import { refuseSuspended } from '../../refuse-suspended.ts';
import { targetOf } from './member-body.ts';
import type { RoomRouteParts } from './room-route-parts.ts';

const Body = Type.Object({
  user_id: Type.Optional(Type.String()),
  reason: Type.Optional(Type.String()),
  medium: Type.Optional(Type.String()),
  address: Type.Optional(Type.String()),
});

/** inviteUser: invites somebody by their user ID. There is no identity server, so nobody is found by anything else. */
export const inviteUser = ({ rooms, profileFor }: Pick<RoomRouteParts, 'rooms' | 'profileFor'>) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/rooms/:roomId/invite',
    auth: 'user',
    limit: 'invite',
    body: Body,
    strictJson: true,
    async handle({ user, params, body }) {
      refuseSuspended(user);
      refuseGuest(user);
      if (body.user_id === undefined && body.medium !== undefined) {
        throw new MatrixError('M_THREEPID_DENIED', 'This server invites by user ID only.');
      }
      if (body.user_id === undefined) throw new MatrixError('M_MISSING_PARAM', 'user_id is missing.');
      const target = targetOf({ user_id: body.user_id });
      const room = await knownRoom(rooms, params.roomId);
      const profile = await profileFor(target);
      await invite(rooms, room, { sender: user.userId, profile, reason: body.reason }, target);
      return {};
    },
  });
