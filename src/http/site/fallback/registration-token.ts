import { html, page } from '../html.ts';
import { mistake, type StagePage } from './stage-page.ts';

/** The page for the token that administrators give to those who may make an account. */
export const registrationTokenPage = (): StagePage => ({
  stage: 'm.login.registration_token',
  field: 'token',
  show: ({ action, sent, wrong }) =>
    page(
      'Your registration token',
      html`${mistake(wrong)}<p>To make an account here you need a token from an administrator of this server.</p>
<form method="post" action="${action}">
<label>Token <input name="token" value="${sent}" required maxlength="64" autocomplete="off" autocapitalize="off"></label>
<button>Go on</button>
</form>`,
      wrong === undefined ? 200 : 400,
    ),
});
