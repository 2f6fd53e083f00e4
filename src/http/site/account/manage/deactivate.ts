import type { Reply } from '../../../endpoint.ts';
import { reply } from '../../../endpoint.ts';
import { mistake } from '../../fallback/stage-page.ts';
import { html, page } from '../../html.ts';
import { setCookie } from '../visit.ts';
import { PROFILE } from './profile.ts';
import { type AccountTask, type AccountVisit, taskForm, taskLink } from './task.ts';

const ACTION = 'org.matrix.account_deactivate';

/** Closes the account for good. */
export const deactivateTask: AccountTask = { action: ACTION, isSensitive: true, show, run };

async function show(visit: AccountVisit, wrong?: string): Promise<Reply> {
  const { userId } = visit.user;
  const form = html`<label>Type <code>${userId}</code> to confirm <input name="user_id" required maxlength="255" autocomplete="off" autocapitalize="off"></label>
<label><input type="checkbox" name="erase"> Delete what belongs to the account alone, and hide its messages from those who come later</label>
<button>Close the account for good</button>`;
  const content = html`${mistake(wrong)}<p>You will be logged out everywhere and leave all rooms. Nobody can open the account again, and nobody
else can have its name.</p>
${taskForm(visit, ACTION, form)}<p><a href="${taskLink(PROFILE)}">Do not</a></p>`;
  return page('Close the account', content, wrong === undefined ? 200 : 400);
}

async function run(visit: AccountVisit, fields: URLSearchParams): Promise<Reply> {
  const { parts, user } = visit;
  if (fields.get('user_id')?.trim() !== user.userId) return show(visit, 'That was not the name of the account.');
  await parts.accounts.changes.deactivate(user.userNid, fields.has('erase'));
  const gone = page('The account is closed', html`<p><code>${user.userId}</code> leaves its rooms now.</p>`);
  return reply({ ...gone, headers: { ...gone.headers, ...setCookie(parts.oauth, '') } });
}
