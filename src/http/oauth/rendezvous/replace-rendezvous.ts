import type { OAuth } from '../../../accounts/oauth/oauth.ts';
import { MatrixError } from '../../../core/matrix-error.ts';
import { endpoint, reply } from '../../endpoint.ts';
import { readMessage, SESSION_PATH, sessionHeaders } from './message.ts';

/** MSC4108, "Update data": refused to whoever has not read what is there. */
export const replaceRendezvous = ({ rendezvous }: Pick<OAuth, 'rendezvous'>) =>
  endpoint({
    method: 'PUT',
    path: SESSION_PATH,
    auth: 'none',
    limit: 'other',
    body: 'stream',
    async handle(request) {
      const tag = request.header('if-match');
      if (tag === undefined) throw new MatrixError('M_MISSING_PARAM', 'The header If-Match is missing.');
      const { isStale, message } = await rendezvous.replace(request.params.sessionId, tag, await readMessage(request));
      const headers = sessionHeaders(message);
      if (isStale) return reply({ status: 412, headers, body: JSON.stringify(CONCURRENT_WRITE) });
      return reply({ status: 202, headers: { ...headers, 'content-type': 'text/plain' }, body: '' });
    },
  });

const CONCURRENT_WRITE = {
  errcode: 'M_UNKNOWN',
  error: 'Another message is there by now.',
  'org.matrix.msc4108.errcode': 'M_CONCURRENT_WRITE',
};
