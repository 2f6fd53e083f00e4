import type { InteractiveAuth } from '../../accounts/interactive-auth.ts';
import type { Registration } from '../../accounts/registration.ts';
import { type Endpoint, endpoint, type Reply } from '../endpoint.ts';
import { html, page } from './html.ts';

const PATH = '/_matrix/client/v3/auth/m.login.terms/fallback/web';

/** Tells the client that opened the page (client-server API, "Fallback"). */
const DONE = `if (window.onAuthDone) window.onAuthDone();
else if (window.opener && window.opener.postMessage) window.opener.postMessage('authDone', '*');`;

/** The page on which users accept the policies whose client does not know the stage m.login.terms. */
export const termsRoutes = (parts: {
  readonly registration: Registration;
  readonly interactive: InteractiveAuth;
}): Endpoint[] => [
  endpoint({
    method: 'GET',
    path: PATH,
    auth: 'none',
    limit: 'login',
    async handle({ query }) {
      const session = query.get('session') ?? '';
      return (await parts.interactive.isSession(session)) ? form(parts.registration, session) : lost();
    },
  }),
  endpoint({
    method: 'POST',
    path: PATH,
    auth: 'none',
    limit: 'login',
    // What the form says stands in its address; its body is not read.
    body: 'stream',
    async handle({ query, stream }) {
      stream.resume();
      const session = query.get('session') ?? '';
      if (!(await parts.interactive.completeInBrowser(session, 'm.login.terms'))) return lost();
      return page('Thank you', html`<p>You can close this page and go on in your client.</p>`, 200, DONE);
    },
  }),
];

function form(registration: Registration, session: string): Reply {
  const items = registration.policies.flatMap(({ texts, version }) =>
    texts.map(
      ({ name, url, language }) =>
        html`<li><a href="${url}" hreflang="${language}" target="_blank" rel="noreferrer">${name}</a> (${version})</li>`,
    ),
  );
  return page(
    'Before you register',
    html`<p>Please read these documents:</p>
<ul>${items}</ul>
<form method="post" action="${PATH}?session=${encodeURIComponent(session)}"><button>I accept</button></form>`,
  );
}

function lost(): Reply {
  return page('This page is too old', html`<p>Go back to your client and begin the registration again.</p>`, 403);
}
