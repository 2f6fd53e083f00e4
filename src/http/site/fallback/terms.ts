import type { Registration } from '../../../accounts/registration.ts';
import type { Policy } from '../../../accounts/terms.ts';
import { type Html, html, page } from '../html.ts';
import type { StagePage } from './stage-page.ts';

/** The page on which users accept the policies. */
export const termsPage = (registration: Registration): StagePage => ({
  stage: 'm.login.terms',
  show({ action }) {
    return page('Before you register', acceptanceForm(registration.policies, action));
  },
});

/** Links to the policies. */
export function policyList(policies: readonly Policy[]): Html {
  const items = policies.flatMap(({ texts, version }) =>
    texts.map(
      ({ name, url, language }) =>
        html`<li><a href="${url}" hreflang="${language}" target="_blank" rel="noreferrer">${name}</a> (${version})</li>`,
    ),
  );
  return html`<ul>${items}</ul>`;
}

/** Links to the policies and a button. `action`: where it leads. */
export function acceptanceForm(policies: readonly Policy[], action: string): Html {
  return html`<p>Please read these documents:</p>
${policyList(policies)}
<form method="post" action="${action}"><button>I accept</button></form>`;
}
