import type { AccountChanges } from '../../../accounts/account-changes.ts';
import type { Users } from '../../../accounts/users.ts';
import { Type } from '../../../base/schema.ts';
import { endpoint } from '../../endpoint.ts';
import { localUser } from '../local-user.ts';

/** Synapse admin API, "Deactivate Account". An account that waits for approval is deactivated like any other. */
export const deactivateUser = ({ users, changes }: { readonly users: Users; readonly changes: AccountChanges }) =>
  endpoint({
    method: 'POST',
    path: '/_synapse/admin/v1/deactivate/:userId',
    auth: 'admin',
    body: Type.Object({ erase: Type.Optional(Type.Boolean()) }),
    async handle({ params, body }) {
      const { userNid } = await localUser(users, params.userId);
      await changes.deactivate(userNid, body.erase === true);
      return { id_server_unbind_result: 'success' };
    },
  });
