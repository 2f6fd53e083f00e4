import type { PageArrival } from '../../../accounts/single-sign-on.ts';
import { forbidden } from '../../../core/matrix-error.ts';
import type { Reply } from '../../endpoint.ts';
import { goTo, setCookie } from '../account/visit.ts';
import type { SignOnRouteParts } from './departure.ts';

/** To the page that somebody has signed in for. @throws MatrixError where the account cannot be used */
export async function goOn({ userNid, page }: PageArrival, { oauth }: SignOnRouteParts): Promise<Reply> {
  if (oauth === undefined) throw forbidden('Nobody signs in on the pages of this server any more.');
  return goTo(page, setCookie(oauth, await oauth.browsers.open(userNid)));
}
