import type { UserAdministration } from '../../../accounts/user-administration.ts';
import type { Users } from '../../../accounts/users.ts';
import { endpoint } from '../../endpoint.ts';
import { localUser } from '../local-user.ts';

type Parts = { readonly users: Users; readonly administration: UserAdministration };

/** Takes away an account that waits for approval, with its name. Synapse has nothing like it: it keeps names for ever. */
export const refuseUser = ({ users, administration }: Parts) =>
  endpoint({
    method: 'POST',
    path: '/_synapse/admin/v1/refuse/:userId',
    auth: 'admin',
    async handle({ params }) {
      await administration.refuse(await localUser(users, params.userId));
      return {};
    },
  });
