import type { UserAdministration } from '../../../accounts/user-administration.ts';
import type { Users } from '../../../accounts/users.ts';
import { Type } from '../../../base/schema.ts';
import { endpoint } from '../../endpoint.ts';
import { localUser } from '../local-user.ts';

type Parts = { readonly users: Users; readonly administration: UserAdministration };

/** Synapse admin API, "Login as a user": a token without a device, which the user does not see. */
export const logInAs = ({ users, administration }: Parts) =>
  endpoint({
    method: 'POST',
    path: '/_synapse/admin/v1/users/:userId/login',
    auth: 'admin',
    body: Type.Object({ valid_until_ms: Type.Optional(Type.Union([Type.Integer({ minimum: 0 }), Type.Null()])) }),
    async handle({ user: by, params, body }) {
      const user = await localUser(users, params.userId);
      return { access_token: await administration.logInAs(by, user, body.valid_until_ms ?? undefined) };
    },
  });
