import { endpoint } from '../../endpoint.ts';
import { EmailTokenBody, requestEmailToken } from './request-email-token.ts';
import type { ThreepidRouteParts } from './threepid-route-parts.ts';

/** requestTokenTo3PIDEmail: to add an address to an account. */
export const requestEmailTokenToAdd = ({ validations }: Pick<ThreepidRouteParts, 'validations'>) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/account/3pid/email/requestToken',
    auth: 'none',
    limit: 'mail',
    body: EmailTokenBody,
    handle: ({ body }) => requestEmailToken(validations, 'add', body),
  });
