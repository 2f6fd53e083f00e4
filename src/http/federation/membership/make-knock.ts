import { makeMembership } from '../../../federation/membership/make-membership.ts';
import { endpoint } from '../../endpoint.ts';
import type { MembershipRouteParts } from './membership-route-parts.ts';

/** makeKnock: a knock for a user of the other server to sign. */
export const makeKnock = ({ rooms }: Pick<MembershipRouteParts, 'rooms'>) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/federation/v1/make_knock/:roomId/:userId',
    auth: 'server',
    async handle({ origin, params, query }) {
      return makeMembership(rooms, origin, { ...params, membership: 'knock', versions: query.all('ver') });
    },
  });
