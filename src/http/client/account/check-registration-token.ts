import type { Registration } from '../../../accounts/registration.ts';
import type { RegistrationTokens } from '../../../accounts/registration-tokens.ts';
import { endpoint } from '../../endpoint.ts';

/** Client-server API, `GET /register/m.login.registration_token/validity`. Limited like logins: it invites guessing. */
export const checkRegistrationToken = (accounts: {
  readonly registration: Registration;
  readonly registrationTokens: RegistrationTokens;
}) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v1/register/m.login.registration_token/validity',
    auth: 'none',
    limit: 'login',
    async handle({ query }) {
      const token = query.required('token');
      accounts.registration.flows();
      return { valid: await accounts.registrationTokens.isValid(token) };
    },
  });
