import { REASON } from '../../../accounts/applications.ts';
import { html, page } from '../html.ts';
import { mistake, type StagePage } from './stage-page.ts';

/** The page on which those who ask for an account say why they want it. */
export const reasonPage = (): StagePage => ({
  stage: REASON,
  field: 'reason',
  show: ({ action, sent, wrong }) =>
    page(
      'Why do you want an account?',
      html`${mistake(wrong)}<p>The administrators of this server let each new user in. They read what you write here:</p>
<form method="post" action="${action}">
<label>A few words about you <textarea name="reason" rows="6" required maxlength="1000">${sent}</textarea></label>
<button>Send</button>
</form>`,
      wrong === undefined ? 200 : 400,
    ),
});
