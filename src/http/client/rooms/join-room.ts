import { joinTarget } from '../../../rooms/join-target.ts';
import { joinAt } from '../../../rooms/own-membership.ts';
import { endpoint } from '../../endpoint.ts';
import { refuseSuspended } from '../../refuse-suspended.ts';
import { OwnBody } from './own-body.ts';
import type { RoomRouteParts } from './room-route-parts.ts';
import { sentAt } from './sent-at.ts';
import { viaIn } from './via-in.ts';

/** joinRoom, joinRoomById: joins a room by ID or alias. Further keys of the body become part of the membership. */
export const joinRoom = ({ rooms, profileFor, remote }: Pick<RoomRouteParts, 'rooms' | 'profileFor' | 'remote'>) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/join/:roomId',
    alsoAt: ['/_matrix/client/v3/rooms/:roomId/join'],
    auth: 'user',
    limit: 'join',
    body: OwnBody,
    strictJson: true,
    async handle({ user, params, query, body }) {
      refuseSuspended(user);
      const target = await joinTarget(rooms, params.roomId, viaIn(query), remote);
      await joinAt(rooms, target, {
        sender: user.userId,
        profile: await profileFor(user.userId),
        reason: body.reason,
        isGuest: user.isGuest,
        content: body,
        ts: sentAt(user, query),
      });
      return { room_id: target.roomId };
    },
  });
