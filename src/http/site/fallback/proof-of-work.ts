import { readFileSync } from 'node:fs';
import { challengeOf, PROOF_OF_WORK, type ProofOfWork } from '../../../accounts/proof-of-work.ts';
import { html, page } from '../html.ts';
import type { StagePage } from './stage-page.ts';

const SCRIPT = new URL('./proof-of-work-page.js', import.meta.url);

/**
 * The page whose script finds a nonce and sends it. When more is asked for by then, it goes on from there: what was
 * tried before has fewer zero bits than was asked for then.
 */
export const proofOfWorkPage = (proofOfWork: ProofOfWork): StagePage => {
  const script = readFileSync(SCRIPT, 'utf8');
  return {
    stage: PROOF_OF_WORK,
    field: 'nonce',
    show: ({ session, action, sent }) =>
      page(
        'One moment',
        html`<p>Your browser is working out a number, so that nobody can make accounts by the thousand. This takes from a
second to a few minutes, depending on your device and on how many people register just now.</p>
<p id="progress" aria-live="polite">This page needs JavaScript.</p>
<form method="post" action="${action}" id="work" data-challenge="${challengeOf(session)}"
data-bits="${proofOfWork.bits}" data-from="${/^\d{1,15}$/.test(sent) ? sent : '0'}"><input type="hidden" name="nonce"></form>`,
        200,
        { script },
      ),
  };
};
