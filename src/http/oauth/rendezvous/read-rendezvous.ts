import type { OAuth } from '../../../accounts/oauth/oauth.ts';
import { endpoint, reply } from '../../endpoint.ts';
import { SESSION_PATH, sessionHeaders } from './message.ts';

/** MSC4108, "Get data": 304 while nobody has left another message than the one that `If-None-Match` names. */
export const readRendezvous = ({ rendezvous }: Pick<OAuth, 'rendezvous'>) =>
  endpoint({
    method: 'GET',
    path: SESSION_PATH,
    auth: 'none',
    limit: 'other',
    async handle({ params, header }) {
      const message = await rendezvous.read(params.sessionId);
      const headers = { ...sessionHeaders(message), 'content-type': 'text/plain' };
      if (header('if-none-match') === message.tag) return reply({ status: 304, headers, body: '' });
      return reply({ headers, body: message.data });
    },
  });
