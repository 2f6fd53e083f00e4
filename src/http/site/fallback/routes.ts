import type { Accounts } from '../../../accounts/accounts.ts';
import type { Endpoint } from '../../endpoint.ts';
import { proofOfWorkPage } from './proof-of-work.ts';
import { reasonPage } from './reason.ts';
import { registrationTokenPage } from './registration-token.ts';
import { type StagePage, stagePage } from './stage-page.ts';
import { termsPage } from './terms.ts';

/** Pages for the stages that this server asks for, as far as clients may not know them. */
export function fallbackRoutes({ interactive, proofOfWork, registration, settings }: Accounts): Endpoint[] {
  const pages: StagePage[] = [];
  if (settings.terms.length > 0) pages.push(termsPage(registration));
  if (settings.registration === 'token') pages.push(registrationTokenPage());
  if (settings.registration === 'approval') pages.push(reasonPage());
  if (proofOfWork.demand !== 'none') pages.push(proofOfWorkPage(proofOfWork));
  return pages.flatMap(page => stagePage(page, interactive));
}
