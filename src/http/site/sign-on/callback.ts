import type { SignOnArrival } from '../../../accounts/single-sign-on.ts';
import { endpoint, type Reply } from '../../endpoint.ts';
import { stageDone } from '../fallback/stage-page.ts';
import { html, page } from '../html.ts';
import { arrive, CALLBACK_PATH, requireSignOn, type SignOnRouteParts, signOnCookie } from './departure.ts';
import { onPage } from './pages.ts';

/** `GET /_copse/sign-on/callback`: where a provider of single sign-on sends the browser back to. */
export const signOnCallback = (parts: SignOnRouteParts) =>
  endpoint({
    method: 'GET',
    path: CALLBACK_PATH,
    auth: 'none',
    limit: 'login',
    async handle({ query, header }) {
      return onPage(async () => {
        const arrival = await requireSignOn(parts).complete(query.toString(), signOnCookie(header('cookie')));
        if (arrival.kind === 'confirmed') return stageDone();
        return arrival.isTrusted ? arrive(arrival.location) : question(arrival);
      });
    },
  });

/** Whoever followed a link of somebody else's finds out here whom the account would be given to. */
function question({ userId, location }: SignOnArrival & { readonly kind: 'client' }): Reply {
  const { protocol, host } = new URL(location);
  const client = /^https?:$/.test(protocol) ? host : `the app behind ${protocol}`;
  return page(
    'Go on to your client',
    html`<p>You have signed in as <code>${userId}</code>. Now <strong>${client}</strong> wants to use your account. Go on only
if you have just begun to log in there.</p>
<p><a href="${location}">Go on to ${client}</a></p>`,
  );
}
