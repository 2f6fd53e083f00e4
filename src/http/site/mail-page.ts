import type { MailValidations, OpenValidation } from '../../accounts/mail-validations.ts';
import { MAIL_PAGE } from '../../accounts/mail-validations.ts';
import { type Endpoint, endpoint, type Reply } from '../endpoint.ts';
import { readForm } from './form.ts';
import { type Html, html, page } from './html.ts';

export interface MailPageParts {
  readonly validations: MailValidations;
  readonly serverName: string;
}

/**
 * `GET` and `POST /_copse/mail`: where the link in a mail leads. It is confirmed by a button, because programs that look
 * through mails for bad links open every one of them.
 */
export const mailPageRoutes = (parts: MailPageParts): Endpoint[] => [
  endpoint({
    method: 'GET',
    path: MAIL_PAGE,
    auth: 'none',
    limit: 'login',
    async handle({ query }) {
      const token = query.get('token') ?? '';
      const opened = await parts.validations.open(token);
      return opened === undefined ? leadsNowhere() : question(parts.serverName, opened, token);
    },
  }),
  endpoint({
    method: 'POST',
    path: MAIL_PAGE,
    auth: 'none',
    limit: 'login',
    body: 'stream',
    async handle({ stream }) {
      const confirmed = await parts.validations.confirm((await readForm(stream)).get('token') ?? '');
      return confirmed === undefined ? leadsNowhere() : done(confirmed);
    },
  }),
];

function leadsNowhere(): Reply {
  return page(
    'This link leads nowhere',
    html`<p>It was used already, it is older than an hour, or a later mail has taken its place.</p>`,
    404,
  );
}

function question(serverName: string, { purpose, address }: OpenValidation, token: string): Reply {
  const [title, text, button]: [string, Html, string] =
    purpose === 'add'
      ? [
          'Confirm your mail address',
          html`<p>Do you want to add <code>${address}</code> to your account on ${serverName}?</p>`,
          'Yes, it is mine',
        ]
      : [
          'A new password',
          html`<p>Have you asked for a new password for your account on ${serverName}? If not, close this page.</p>`,
          'Yes, it was me',
        ];
  return page(
    title,
    html`${text}
<form method="post" action="${MAIL_PAGE}">
<input type="hidden" name="token" value="${token}">
<button>${button}</button>
</form>`,
  );
}

function done({ nextLink }: OpenValidation): Reply {
  const goOn = nextLink === undefined ? 'Go on in your app.' : html`<a href="${nextLink}">Go on</a>, or in your app.`;
  return page('Confirmed', html`<p>${goOn}</p>`);
}
