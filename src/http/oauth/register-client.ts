import type { OAuth } from '../../accounts/oauth/oauth.ts';
import { endpoint } from '../endpoint.ts';
import { oauthAnswer, onOAuth } from './answer.ts';
import { REGISTER_PATH } from './oauth-paths.ts';

/** RFC 7591 section 3; client-server API, "Dynamic client registration flow". */
export const registerClient = ({ clients }: Pick<OAuth, 'clients'>) =>
  endpoint({
    method: 'POST',
    path: REGISTER_PATH,
    auth: 'none',
    limit: 'login',
    bodyLimit: 16 * 1024,
    async handle({ body }) {
      return onOAuth(async () => {
        const { id, metadata } = await clients.register(body);
        return oauthAnswer({ client_id: id, ...metadata }, 201);
      });
    },
  });
