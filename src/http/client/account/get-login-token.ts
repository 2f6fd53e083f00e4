import type { InteractiveAuth } from '../../../accounts/interactive-auth.ts';
import type { Login } from '../../../accounts/login.ts';
import { endpoint } from '../../endpoint.ts';
import { challenge } from './challenge.ts';

/** Client-server API, `POST /login/get_token`: lets another client log in as the same user, once. */
export const getLoginToken = ({
  interactive,
  login,
}: {
  readonly interactive: InteractiveAuth;
  readonly login: Login;
}) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v1/login/get_token',
    auth: 'user',
    limit: 'login',
    async handle({ body, user, ip }) {
      const outcome = await interactive.confirm({ operation: 'POST login/get_token', body, user, ip });
      if (!outcome.passed) return challenge(outcome.challenge);
      const { token, expiresInMs } = await login.createToken(user.userNid);
      return { login_token: token, expires_in_ms: expiresInMs };
    },
  });
