import type { UserAdministration } from '../../../accounts/user-administration.ts';
import type { Users } from '../../../accounts/users.ts';
import { endpoint } from '../../endpoint.ts';
import { localUser } from '../local-user.ts';

type Parts = { readonly users: Users; readonly administration: UserAdministration };

/** Synapse admin API, "Delete ratelimit": the settings hold again. */
export const deleteRateOverride = ({ users, administration }: Parts) =>
  endpoint({
    method: 'DELETE',
    path: '/_synapse/admin/v1/users/:userId/override_ratelimit',
    auth: 'admin',
    async handle({ params }) {
      const { userNid } = await localUser(users, params.userId);
      await administration.setRateOverride(userNid, undefined);
      return {};
    },
  });
