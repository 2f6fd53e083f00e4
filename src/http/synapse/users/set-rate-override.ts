import type { UserAdministration } from '../../../accounts/user-administration.ts';
import type { Users } from '../../../accounts/users.ts';
import { Type } from '../../../base/schema.ts';
import { endpoint } from '../../endpoint.ts';
import { localUser } from '../local-user.ts';

type Parts = { readonly users: Users; readonly administration: UserAdministration };

const Count = Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 }));

/** Synapse admin API, "Set ratelimit". Both 0: nothing of the user is limited. */
export const setRateOverride = ({ users, administration }: Parts) =>
  endpoint({
    method: 'POST',
    path: '/_synapse/admin/v1/users/:userId/override_ratelimit',
    auth: 'admin',
    body: Type.Object({ messages_per_second: Count, burst_count: Count }),
    async handle({ params, body: { messages_per_second: perSecond = 0, burst_count: burst = 0 } }) {
      const { userNid } = await localUser(users, params.userId);
      await administration.setRateOverride(userNid, { perSecond, burst });
      return { messages_per_second: perSecond, burst_count: burst };
    },
  });
