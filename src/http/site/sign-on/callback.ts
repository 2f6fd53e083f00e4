import { endpoint, reply } from '../../endpoint.ts';
import { stageDone } from '../fallback/stage-page.ts';
import { acceptanceForm } from '../fallback/terms.ts';
import { page } from '../html.ts';
import { arrive, CALLBACK_PATH, kept, requireSignOn, type SignOnRouteParts, signOnCookie } from './departure.ts';
import { goOn } from './go-on.ts';
import { clientQuestion, onPage } from './pages.ts';

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
        if (arrival.kind === 'page') return goOn(arrival, parts);
        if (arrival.kind === 'client') return arrival.isTrusted ? arrive(arrival.location) : clientQuestion(arrival);
        const form = page('Before you get an account', acceptanceForm(arrival.policies, CALLBACK_PATH));
        return reply({ ...form, headers: { ...form.headers, 'set-cookie': kept(arrival.cookie, parts) } });
      });
    },
  });
