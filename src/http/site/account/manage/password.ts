import type { Reply } from '../../../endpoint.ts';
import { mistake } from '../../fallback/stage-page.ts';
import { html, page } from '../../html.ts';
import { goTo, setCookie } from '../visit.ts';
import { PROFILE } from './profile.ts';
import { type AccountTask, type AccountVisit, taskForm, taskLink } from './task.ts';

const ACTION = 'io.copse.password';

/** Another password, for who knows the one there is. */
export const passwordTask: AccountTask = { action: ACTION, isSensitive: false, show, run };

async function show(visit: AccountVisit, wrong?: string): Promise<Reply> {
  const form = html`<label>Your password now <input type="password" name="password" required maxlength="512" autocomplete="current-password"></label>
<label>The new one <input type="password" name="new_password" required maxlength="512" autocomplete="new-password"></label>
<label><input type="checkbox" name="log_out" checked> Log out all devices</label>
<button>Change it</button>`;
  const content = html`${mistake(wrong)}${taskForm(visit, ACTION, form)}<p><a href="${taskLink(PROFILE)}">Do not</a></p>`;
  return page('Another password', content, wrong === undefined ? 200 : 403);
}

async function run({ parts, user, ip }: AccountVisit, fields: URLSearchParams): Promise<Reply> {
  const { accounts, oauth } = parts;
  await accounts.login.userWithPassword(user.userId, fields.get('password') ?? '', ip);
  const endSessions = fields.has('log_out');
  await accounts.changes.setPassword(user.userNid, fields.get('new_password') ?? '', { endSessions });
  // Every browser is signed out by that.
  return goTo(taskLink(PROFILE), setCookie(oauth, await oauth.browsers.open(user.userNid)));
}
