import { endpoint } from '../endpoint.ts';
import { html, page } from './html.ts';

export interface SiteFacts {
  readonly serverName: string;
  readonly registration: 'closed' | 'token' | 'approval' | 'open';
  /** Where to ask for help, when the operator said so. */
  readonly supportPage: string | undefined;
}

const REGISTRATION: Readonly<Record<SiteFacts['registration'], string>> = {
  closed: 'Accounts are made by the administrators of this server.',
  token: 'You can make an account if somebody gave you a registration token: your client asks for it.',
  approval: 'You can make an account; an administrator lets you in.',
  open: 'Anybody can make an account.',
};

const CLIENTS: readonly (readonly [string, string, string])[] = [
  ['Element', 'https://element.io/download', 'web, desktop, Android, iOS'],
  ['Cinny', 'https://cinny.in', 'web, desktop'],
  ['FluffyChat', 'https://fluffychat.im', 'web, desktop, Android, iOS'],
  ['nheko', 'https://nheko-reborn.github.io', 'desktop'],
];

/** `GET /`: tells people who open the server's address in a browser what it is. */
export const startPage = (parts: { readonly site: SiteFacts }) =>
  endpoint({
    method: 'GET',
    path: '/',
    auth: 'none',
    async handle() {
      const { serverName, registration, supportPage } = parts.site;
      const clients = CLIENTS.map(([name, url, where]) => html`<li><a href="${url}">${name}</a> (${where})</li>\n`);
      const help = supportPage === undefined ? [] : [html`<p>Help: <a href="${supportPage}">${supportPage}</a></p>`];
      return page(
        serverName,
        html`<p>This is the <a href="https://matrix.org">Matrix</a> chat server <strong>${serverName}</strong>. It runs Copse.</p>
<p>${REGISTRATION[registration]} Names here look like <code>@you:${serverName}</code>.</p>
<p>To use it, take a Matrix client and give <code>${serverName}</code> as the home server:</p>
<ul>
${clients}</ul>
<p>There are <a href="https://matrix.org/ecosystem/clients/">many more</a>.</p>
${help}`,
      );
    },
  });
