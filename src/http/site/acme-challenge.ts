import { MatrixError } from '../../core/matrix-error.ts';
import { endpoint, reply } from '../endpoint.ts';

/** `GET /.well-known/acme-challenge/{token}` (RFC 8555, section 8.3): shows a certificate authority that its name leads here. */
export const acmeChallenge = (answerTo: (token: string) => Promise<string | undefined>) =>
  endpoint({
    method: 'GET',
    path: '/.well-known/acme-challenge/:token',
    auth: 'none',
    async handle({ params }) {
      const body = await answerTo(params.token);
      if (body === undefined) throw new MatrixError('M_NOT_FOUND', 'Nobody asks for this now.');
      return reply({ headers: { 'content-type': 'application/octet-stream' }, body });
    },
  });
