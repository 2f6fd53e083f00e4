import type { AccountChanges } from '../../../accounts/account-changes.ts';
import type { Users } from '../../../accounts/users.ts';
import { Type } from '../../../base/schema.ts';
import { endpoint } from '../../endpoint.ts';
import { localUser } from '../local-user.ts';

const Body = Type.Object({ new_password: Type.String(), logout_devices: Type.Optional(Type.Boolean()) });

/** Synapse admin API, "Reset password": all sessions of the user end unless `logout_devices` is false. */
export const resetPassword = ({ users, changes }: { readonly users: Users; readonly changes: AccountChanges }) =>
  endpoint({
    method: 'POST',
    path: '/_synapse/admin/v1/reset_password/:userId',
    auth: 'admin',
    body: Body,
    async handle({ params, body }) {
      const { userNid } = await localUser(users, params.userId);
      await changes.setPassword(userNid, body.new_password, { endSessions: body.logout_devices !== false });
      return {};
    },
  });
