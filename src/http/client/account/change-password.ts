import type { AccountChanges } from '../../../accounts/account-changes.ts';
import { type InteractiveAuth, PASSWORD_FLOWS } from '../../../accounts/interactive-auth.ts';
import { Type } from '../../../base/schema.ts';
import { endpoint } from '../../endpoint.ts';
import { AuthData, challenge } from './challenge.ts';

const Body = Type.Object({
  auth: AuthData,
  new_password: Type.String(),
  logout_devices: Type.Optional(Type.Boolean()),
});

/** Client-server API, `POST /account/password`. Without a session there is nothing here to prove an account with. */
export const changePassword = ({
  interactive,
  changes,
}: {
  readonly interactive: InteractiveAuth;
  readonly changes: AccountChanges;
}) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/account/password',
    auth: 'user',
    limit: 'login',
    body: Body,
    async handle({ body, user, ip }) {
      const outcome = await interactive.check({ operation: 'POST account/password', body, user, ip }, PASSWORD_FLOWS);
      if (!outcome.passed) return challenge(outcome.challenge);
      const endSessions = body.logout_devices !== false;
      await changes.setPassword(user.userNid, body.new_password, { endSessions, keep: user });
      return {};
    },
  });
