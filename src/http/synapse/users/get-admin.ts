import type { Users } from '../../../accounts/users.ts';
import { endpoint } from '../../endpoint.ts';
import { localUser } from '../local-user.ts';

/** Synapse admin API, "Get whether a user is a server administrator or not". */
export const getAdmin = ({ users }: { readonly users: Users }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/users/:userId/admin',
    auth: 'admin',
    async handle({ params }) {
      return { admin: (await localUser(users, params.userId)).isAdmin };
    },
  });
