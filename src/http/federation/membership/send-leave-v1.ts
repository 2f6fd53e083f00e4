import { takeMembership } from '../../../federation/membership/take-membership.ts';
import { endpoint } from '../../endpoint.ts';
import type { MembershipRouteParts } from './membership-route-parts.ts';

/** sendLeaveV1: as version 2, with the status in the body. */
export const sendLeaveV1 = (parts: MembershipRouteParts) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/federation/v1/send_leave/:roomId/:eventId',
    auth: 'server',
    async handle({ origin, params, body }) {
      await takeMembership(parts, origin, { ...params, pdu: body, membership: 'leave' });
      return [200, {}];
    },
  });
