import { makeMembership } from '../../../federation/membership/make-membership.ts';
import { endpoint } from '../../endpoint.ts';
import type { MembershipRouteParts } from './membership-route-parts.ts';

/** makeLeave: a leave for a user of the other server to sign, who declines an invite, takes back a knock or just leaves. */
export const makeLeave = ({ rooms }: Pick<MembershipRouteParts, 'rooms'>) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/federation/v1/make_leave/:roomId/:userId',
    auth: 'server',
    async handle({ origin, params }) {
      return makeMembership(rooms, origin, { ...params, membership: 'leave', versions: undefined });
    },
  });
