import type { UserAdministration } from '../../../accounts/user-administration.ts';
import type { Users } from '../../../accounts/users.ts';
import { endpoint } from '../../endpoint.ts';
import { localUser } from '../local-user.ts';

type Parts = { readonly users: Users; readonly administration: UserAdministration };

/** Synapse admin API, "Get status of ratelimit": empty where the settings hold. */
export const getRateOverride = ({ users, administration }: Parts) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/users/:userId/override_ratelimit',
    auth: 'admin',
    async handle({ params }) {
      const { userNid } = await localUser(users, params.userId);
      const rate = await administration.rateOverride(userNid);
      return rate === undefined ? {} : { messages_per_second: rate.perSecond, burst_count: rate.burst };
    },
  });
