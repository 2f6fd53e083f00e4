import { makeMembership } from '../../../federation/membership/make-membership.ts';
import { endpoint } from '../../endpoint.ts';
import type { MembershipRouteParts } from './membership-route-parts.ts';

/** What servers know that name no room version. */
const UNSAID = ['1'];

/** makeJoin: a join event for a user of the other server to sign. */
export const makeJoin = ({ rooms }: Pick<MembershipRouteParts, 'rooms'>) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/federation/v1/make_join/:roomId/:userId',
    auth: 'server',
    async handle({ origin, params, query }) {
      const asked = query.all('ver');
      const versions = asked.length === 0 ? UNSAID : asked;
      return makeMembership(rooms, origin, { ...params, membership: 'join', versions });
    },
  });
