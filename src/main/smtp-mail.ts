import type { Transporter } from 'nodemailer';
import type { Mail, MailSender } from '../accounts/ports.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/schema.ts';
import { MatrixError } from '../core/matrix-error.ts';

export interface SmtpMailInput {
  readonly settings: Config['mail'];
  /** What links in mails begin with. */
  readonly baseUrl: string;
  readonly log: Log;
}

/** Users wait while the mail server thinks. */
const TIMEOUT_MS = 15_000;

/** Sends mails by SMTP; undefined where no sender is set. The library (24 MB) is loaded for the first mail. */
export function smtpMail({ settings, baseUrl, log }: SmtpMailInput): MailSender | undefined {
  const { from } = settings;
  if (from === undefined) return undefined;
  let transport: Promise<Transporter> | undefined;
  return {
    baseUrl: baseUrl.replace(/\/+$/, ''),
    async send(mail) {
      transport ??= openTransport(settings);
      try {
        await (await transport).sendMail(messageOf(from, mail));
      } catch (error) {
        log.error('A mail could not be sent: the mail server did not take it. Look at `mail` in the settings.', {
          err: error,
        });
        throw new MatrixError('M_UNKNOWN', 'The mail could not be sent. Try again later.', {
          status: 502,
          cause: error,
        });
      }
    },
  };
}

async function openTransport(settings: Config['mail']): Promise<Transporter> {
  const { server, port, security, user, password } = settings;
  const { createTransport } = await import('nodemailer');
  return createTransport({
    host: server,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    ...(user === undefined ? {} : { auth: { user, pass: password ?? '' } }),
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

function messageOf(from: string, { to, subject, text }: Mail) {
  // As an object the address is taken as it is: in a text a comma would make two of it.
  const headers = { 'Auto-Submitted': 'auto-generated' };
  return { from, to: { name: '', address: to }, subject, text, headers };
}
