import type { Accounts } from '../../../accounts/accounts.ts';
import { RESET_FLOWS, validationProof } from '../../../accounts/interactive-auth.ts';
import { Type } from '../../../base/schema.ts';
import { MatrixError } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';
import { AuthData, challenge } from './challenge.ts';

const Body = Type.Object({
  auth: AuthData,
  new_password: Type.String(),
  logout_devices: Type.Optional(Type.Boolean()),
});

/**
 * Client-server API, `POST /account/password`: with the old password, or, by whoever has forgotten it, without a token and
 * with the address of the account, proved by mail.
 */
export const changePassword = (parts: Pick<Accounts, 'interactive' | 'changes' | 'validations' | 'registration'>) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/account/password',
    auth: 'optional',
    limit: 'login',
    body: Body,
    async handle({ body, user, ip }) {
      const { interactive, changes, validations, registration } = parts;
      if (user === undefined && !validations.isSetUp)
        throw new MatrixError('M_MISSING_TOKEN', 'This endpoint needs an access token.');
      // Nobody proves who they are for a password that is refused then.
      registration.requireGoodPassword(body.new_password);
      const request = { operation: 'POST account/password', body, ip };
      const outcome =
        user === undefined
          ? await interactive.check({ ...request, user }, RESET_FLOWS)
          : await interactive.confirm({ ...request, user });
      if (!outcome.passed) return challenge(outcome.challenge);
      const endSessions = body.logout_devices !== false;
      if (user !== undefined) await changes.setPassword(user.userNid, body.new_password, { endSessions, keep: user });
      // The only stage, so it was passed by this request.
      else await changes.resetPassword(validationProof(body.auth ?? {}), body.new_password, endSessions);
      return {};
    },
  });
