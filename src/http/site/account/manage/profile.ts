import { getString } from '../../../../core/json.ts';
import type { Reply } from '../../../endpoint.ts';
import { mistake } from '../../fallback/stage-page.ts';
import { html, page } from '../../html.ts';
import { goTo } from '../visit.ts';
import { type AccountTask, type AccountVisit, asRequester, taskForm, taskLink } from './task.ts';

export const PROFILE = 'org.matrix.profile';

/** The name that others see, and the way to everything else. */
export const profileTask: AccountTask = { action: PROFILE, isSensitive: false, show, run };

async function show(visit: AccountVisit, wrong?: string): Promise<Reply> {
  const { accounts } = visit.parts;
  const { userId, passwordHash } = visit.user;
  const name = getString(await accounts.profiles.local(userId), 'displayname') ?? '';
  const links: [string, string][] = [
    ['Your devices', 'org.matrix.devices_list'],
    ...(passwordHash === undefined ? [] : ([['Another password', 'io.copse.password']] as [string, string][])),
    ['Mail addresses', 'io.copse.addresses'],
    ['New encryption identity', 'org.matrix.cross_signing_reset'],
    ['Close the account', 'org.matrix.account_deactivate'],
    ['Sign out of this browser', 'io.copse.sign_out'],
  ];
  const content = html`${mistake(wrong)}<p>You are signed in as <code>${userId}</code>.</p>
${taskForm(
  visit,
  PROFILE,
  html`<label>The name that others see <input name="displayname" value="${name}" maxlength="255"></label>
<button>Change it</button>`,
)}
<ul>${links.map(([text, action]) => html`<li><a href="${taskLink(action)}">${text}</a></li>\n`)}</ul>`;
  return page('Your account', content, wrong === undefined ? 200 : 400);
}

async function run(visit: AccountVisit, fields: URLSearchParams): Promise<Reply> {
  const { parts, user } = visit;
  await parts.accounts.profiles.setField(
    asRequester(user),
    user.userId,
    'displayname',
    fields.get('displayname') ?? '',
  );
  return goTo(taskLink(PROFILE));
}
