import type { UserAdministration } from '../../../accounts/user-administration.ts';
import type { Users } from '../../../accounts/users.ts';
import { Type } from '../../../base/schema.ts';
import { endpoint } from '../../endpoint.ts';
import { localUser } from '../local-user.ts';

type Parts = { readonly users: Users; readonly administration: UserAdministration };

/** Synapse admin API, "Suspend/Unsuspend Account". */
export const suspendUser = ({ users, administration }: Parts) =>
  endpoint({
    method: 'PUT',
    path: '/_synapse/admin/v1/suspend/:userId',
    auth: 'admin',
    body: Type.Object({ suspend: Type.Boolean() }),
    async handle({ user: by, params, body: { suspend } }) {
      const user = await localUser(users, params.userId);
      await administration.change(by, user, { isSuspended: suspend, endSessions: false });
      return { [`user_${user.userId}_suspended`]: suspend };
    },
  });
