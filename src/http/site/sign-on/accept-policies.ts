import { endpoint, reply } from '../../endpoint.ts';
import { CALLBACK_PATH, FORGOTTEN, requireSignOn, type SignOnRouteParts, signOnCookie } from './departure.ts';
import { goOn } from './go-on.ts';
import { clientQuestion, onPage } from './pages.ts';

/** `POST /_copse/sign-on/callback`: somebody who comes by single sign-on accepts the policies, and gets an account. */
export const acceptPolicies = (parts: SignOnRouteParts) =>
  endpoint({
    method: 'POST',
    path: CALLBACK_PATH,
    auth: 'none',
    limit: 'login',
    body: 'stream',
    async handle({ header, stream }) {
      // There is nothing in it.
      stream.resume();
      return onPage(async () => {
        const arrival = await requireSignOn(parts).accept(signOnCookie(header('cookie')));
        if (arrival.kind === 'page') return goOn(arrival, parts);
        // A page and no redirect, whoever the client is: browsers let a form lead nowhere else.
        const question = clientQuestion(arrival);
        return reply({ ...question, headers: { ...question.headers, 'set-cookie': FORGOTTEN } });
      });
    },
  });
