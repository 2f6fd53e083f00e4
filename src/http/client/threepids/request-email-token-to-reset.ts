import { endpoint } from '../../endpoint.ts';
import { EmailTokenBody, requestEmailToken } from './request-email-token.ts';
import type { ThreepidRouteParts } from './threepid-route-parts.ts';

/** requestTokenToResetPasswordEmail: to set a new password without the old one. */
export const requestEmailTokenToReset = ({ validations }: Pick<ThreepidRouteParts, 'validations'>) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/account/password/email/requestToken',
    auth: 'none',
    limit: 'mail',
    body: EmailTokenBody,
    handle: ({ body }) => requestEmailToken(validations, 'reset', body),
  });
