import { takeMembership } from '../../../federation/membership/take-membership.ts';
import { endpoint } from '../../endpoint.ts';
import type { MembershipRouteParts } from './membership-route-parts.ts';

/** sendLeaveV2: takes a leave in. */
export const sendLeaveV2 = (parts: MembershipRouteParts) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/federation/v2/send_leave/:roomId/:eventId',
    auth: 'server',
    async handle({ origin, params, body }) {
      await takeMembership(parts, origin, { ...params, pdu: body, membership: 'leave' });
      return {};
    },
  });
