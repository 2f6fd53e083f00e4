import type { UserAdministration } from '../../../accounts/user-administration.ts';
import type { Users } from '../../../accounts/users.ts';
import { Type } from '../../../base/schema.ts';
import { endpoint } from '../../endpoint.ts';
import { localUser } from '../local-user.ts';

type Parts = { readonly users: Users; readonly administration: UserAdministration };

/** Synapse admin API, "Change whether a user is a server administrator or not". Nobody demotes themselves. */
export const setAdmin = ({ users, administration }: Parts) =>
  endpoint({
    method: 'PUT',
    path: '/_synapse/admin/v1/users/:userId/admin',
    auth: 'admin',
    body: Type.Object({ admin: Type.Boolean() }),
    async handle({ user: by, params, body }) {
      const user = await localUser(users, params.userId);
      await administration.change(by, user, { isAdmin: body.admin, endSessions: false });
      return {};
    },
  });
