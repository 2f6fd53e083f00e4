import { Type } from '../../../base/schema.ts';
import type { Json, JsonObject } from '../../../core/json.ts';
import { receiveInvite } from '../../../federation/membership/receive-invite.ts';
import { endpoint } from '../../endpoint.ts';
import type { MembershipRouteParts } from './membership-route-parts.ts';

const Body = Type.Object({
  room_version: Type.String(),
  event: Type.Object({}, { additionalProperties: true }),
  invite_room_state: Type.Optional(Type.Unknown()),
});

/** sendInviteV2: shows one of our users an invite, and signs it. */
export const inviteV2 = (parts: MembershipRouteParts) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/federation/v2/invite/:roomId/:eventId',
    auth: 'server',
    body: Body,
    async handle({ origin, params, body }) {
      const { event, room_version: roomVersion, invite_room_state: told } = body;
      const received = { ...params, pdu: event as JsonObject, roomVersion, told: told as Json };
      return { event: await receiveInvite(parts, origin, received) };
    },
  });
