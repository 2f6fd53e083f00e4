import { joinTarget } from '../../../rooms/join-target.ts';
import { knockAt } from '../../../rooms/own-membership.ts';
import { endpoint } from '../../endpoint.ts';
import { refuseGuest } from '../../refuse-guest.ts';
import { refuseSuspended } from '../../refuse-suspended.ts';
import { OwnBody } from './own-body.ts';
import type { RoomRouteParts } from './room-route-parts.ts';
import { viaIn } from './via-in.ts';

/** knockRoom: asks to be let into a room. */
export const knockRoom = ({ rooms, profileFor, remote }: Pick<RoomRouteParts, 'rooms' | 'profileFor' | 'remote'>) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/knock/:roomId',
    auth: 'user',
    limit: 'join',
    body: OwnBody,
    strictJson: true,
    async handle({ user, params, query, body }) {
      refuseSuspended(user);
      refuseGuest(user);
      const target = await joinTarget(rooms, params.roomId, viaIn(query), remote);
      const profile = await profileFor(user.userId);
      await knockAt(rooms, target, { sender: user.userId, profile, reason: body.reason });
      return { room_id: target.roomId };
    },
  });
