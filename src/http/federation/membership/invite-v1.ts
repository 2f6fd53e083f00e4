import { getObject, getOwn, getString, isObject, type Json } from '../../../core/json.ts';
import { receiveInvite } from '../../../federation/membership/receive-invite.ts';
import { endpoint } from '../../endpoint.ts';
import type { MembershipRouteParts } from './membership-route-parts.ts';

/** sendInviteV1: as version 2, from servers that know room versions 1 and 2 only. */
export const inviteV1 = (parts: MembershipRouteParts) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/federation/v1/invite/:roomId/:eventId',
    auth: 'server',
    async handle({ origin, params, body }) {
      const told = getOwn(getObject(body, 'unsigned') ?? {}, 'invite_room_state');
      const event = await receiveInvite(parts, origin, { ...params, pdu: body, roomVersion: versionIn(told), told });
      return [200, { event }];
    },
  });

/** Which of the two it is only the create event may say; their events look the same. */
function versionIn(told: Json | undefined): string {
  const entries = Array.isArray(told) ? told.filter(isObject) : [];
  const create = entries.find(entry => entry.type === 'm.room.create');
  return getString(getObject(create ?? {}, 'content') ?? {}, 'room_version') === '2' ? '2' : '1';
}
