import type { Static } from 'typebox';
import type { AskedValidation, MailValidations } from '../../../accounts/mail-validations.ts';
import { Type } from '../../../base/schema.ts';
import { MatrixError } from '../../../core/matrix-error.ts';

/** The body of the requests for a mail. What it says of an identity server does not count here. */
export const EmailTokenBody = Type.Object({
  client_secret: Type.String(),
  email: Type.String(),
  send_attempt: Type.Integer({ minimum: 0 }),
  next_link: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  id_server: Type.Optional(Type.Union([Type.String(), Type.Null()])),
});

/** Sends a mail. @throws MatrixError M_THREEPID_MEDIUM_NOT_SUPPORTED, and as `MailValidations.ask` */
export async function requestEmailToken(
  validations: MailValidations,
  purpose: AskedValidation['purpose'],
  body: Static<typeof EmailTokenBody>,
): Promise<{ readonly sid: string }> {
  if (!validations.isSetUp) throw noMail(body.id_server);
  const { email, client_secret: clientSecret, send_attempt: sendAttempt, next_link: link } = body;
  return { sid: await validations.ask({ purpose, email, clientSecret, sendAttempt, nextLink: link ?? undefined }) };
}

function noMail(identityServer: string | null | undefined): MatrixError {
  if (identityServer !== undefined && identityServer !== null)
    return new MatrixError('M_SERVER_NOT_TRUSTED', 'This server trusts no identity server.', { status: 400 });
  return new MatrixError('M_THREEPID_MEDIUM_NOT_SUPPORTED', 'This server sends no mails.');
}

/** Telephone numbers are not used here for anything. */
export function noTelephone(): MatrixError {
  return new MatrixError('M_THREEPID_MEDIUM_NOT_SUPPORTED', 'This server does not take telephone numbers.');
}
