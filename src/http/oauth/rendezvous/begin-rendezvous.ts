import type { OAuth } from '../../../accounts/oauth/oauth.ts';
import { endpoint, reply } from '../../endpoint.ts';
import { RENDEZVOUS_PATH, readMessage, sessionHeaders } from './message.ts';

/** MSC4108, "Create a new rendezvous session". */
export const beginRendezvous = ({ rendezvous, base }: Pick<OAuth, 'rendezvous' | 'base'>) =>
  endpoint({
    method: 'POST',
    path: RENDEZVOUS_PATH,
    auth: 'none',
    limit: 'login',
    body: 'stream',
    async handle(request) {
      const message = await rendezvous.begin(await readMessage(request));
      const body = JSON.stringify({ url: `${base}${RENDEZVOUS_PATH}/${message.id}` });
      return reply({ status: 201, headers: sessionHeaders(message), body });
    },
  });
