import { MatrixError } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';
import { EmailTokenBody } from './request-email-token.ts';

/** requestTokenToRegisterEmail: no flow of registration asks for an address here. */
export const requestEmailTokenToRegister = () =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/register/email/requestToken',
    auth: 'none',
    limit: 'mail',
    body: EmailTokenBody,
    handle: async () => {
      throw new MatrixError('M_THREEPID_DENIED', 'Accounts are made without a mail address here; add one afterwards.');
    },
  });
