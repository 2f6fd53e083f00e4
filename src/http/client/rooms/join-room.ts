import { Type } from '../../../base/schema.ts';
import type { JsonObject } from '../../../core/json.ts';
import { joinTarget } from '../../../rooms/join-target.ts';
import { joinAt } from '../../../rooms/own-membership.ts';
import { useProof } from '../../../rooms/proven-invite.ts';
import { endpoint } from '../../endpoint.ts';
import { refuseSuspended } from '../../refuse-suspended.ts';
import type { RoomRouteParts } from './room-route-parts.ts';
import { sentAt } from './sent-at.ts';
import { viaIn } from './via-in.ts';

const Signed = Type.Object({
  sender: Type.String(),
  mxid: Type.String(),
  token: Type.String(),
  signatures: Type.Record(Type.String(), Type.Unknown()),
});
/** Further keys are allowed. */
const Body = Type.Object({
  reason: Type.Optional(Type.String()),
  third_party_signed: Type.Optional(Type.Unsafe<JsonObject>(Signed)),
});

type Parts = Pick<RoomRouteParts, 'rooms' | 'profileFor' | 'remote' | 'exchangeInvite'>;

/** joinRoom, joinRoomById: joins a room by ID or alias. Further keys of the body become part of the membership. */
export const joinRoom = ({ rooms, profileFor, remote, exchangeInvite }: Parts) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/join/:roomId',
    alsoAt: ['/_matrix/client/v3/rooms/:roomId/join'],
    auth: 'user',
    limit: 'join',
    body: Body,
    strictJson: true,
    async handle({ user, params, query, body }) {
      refuseSuspended(user);
      const target = await joinTarget(rooms, params.roomId, viaIn(query), remote);
      const { third_party_signed: signed } = body;
      if (signed !== undefined)
        await useProof(rooms, { roomId: target.roomId, userId: user.userId }, signed, exchangeInvite);
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
