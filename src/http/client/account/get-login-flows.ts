import { endpoint } from '../../endpoint.ts';

/** Client-server API, `GET /login`. */
export const getLoginFlows = () =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/login',
    auth: 'none',
    limit: 'other',
    async handle() {
      return {
        flows: [
          { type: 'm.login.password' },
          { type: 'm.login.token', get_login_token: true },
          { type: 'm.login.application_service' },
        ],
      };
    },
  });
