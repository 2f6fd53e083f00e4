import type { SingleSignOn } from '../../../accounts/single-sign-on.ts';
import { endpoint } from '../../endpoint.ts';

/** Client-server API, `GET /login`. */
export const getLoginFlows = ({ signOn }: { readonly signOn: SingleSignOn | undefined }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/login',
    auth: 'none',
    limit: 'other',
    async handle() {
      return {
        flows: [
          { type: 'm.login.password' },
          ...(signOn === undefined ? [] : [signOnFlow(signOn)]),
          { type: 'm.login.token', get_login_token: true },
          { type: 'm.login.application_service' },
        ],
      };
    },
  });

function signOnFlow({ providers }: SingleSignOn) {
  return {
    type: 'm.login.sso',
    identity_providers: providers.map(({ id, name, icon, brand }) => ({ id, name, icon, brand })),
  };
}
