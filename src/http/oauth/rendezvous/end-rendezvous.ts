import type { OAuth } from '../../../accounts/oauth/oauth.ts';
import { endpoint, reply } from '../../endpoint.ts';
import { SESSION_PATH } from './message.ts';

/** MSC4108, "Cancel a rendezvous session". */
export const endRendezvous = ({ rendezvous }: Pick<OAuth, 'rendezvous'>) =>
  endpoint({
    method: 'DELETE',
    path: SESSION_PATH,
    auth: 'none',
    limit: 'other',
    async handle({ params }) {
      await rendezvous.end(params.sessionId);
      return reply({ status: 204, body: '' });
    },
  });
