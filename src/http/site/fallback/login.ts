import { readFileSync } from 'node:fs';
import { endpoint } from '../../endpoint.ts';
import { html, page } from '../html.ts';

const SCRIPT = new URL('./login-page.js', import.meta.url);

/** `GET /_matrix/static/client/login/` (client-server API, "Login Fallback"): signs in for clients that know no flow of ours. */
export const loginFallback = ({ serverName }: { readonly serverName: string }) => {
  const script = readFileSync(SCRIPT, 'utf8');
  return endpoint({
    method: 'GET',
    path: '/_matrix/static/client/login/',
    auth: 'none',
    limit: 'other',
    async handle() {
      const content = html`<p id="state" aria-live="polite">This page needs JavaScript.</p>
<form id="login" hidden>
<label>User name <input name="name" required maxlength="255" autocomplete="username" autocapitalize="off"></label>
<label>Password <input type="password" name="password" required maxlength="512" autocomplete="current-password"></label>
<button>Sign in</button>
</form>
<div id="providers"></div>`;
      return page(`Sign in to ${serverName}`, content, 200, { script, asksUs: true });
    },
  });
};
