import type { ValidationProof } from '../../../../accounts/mail-validations.ts';
import { randomToken } from '../../../../base/random.ts';
import type { Reply } from '../../../endpoint.ts';
import { mistake } from '../../fallback/stage-page.ts';
import { html, page } from '../../html.ts';
import { goTo } from '../visit.ts';
import { PROFILE } from './profile.ts';
import { type AccountTask, type AccountVisit, asRequester, taskForm, taskLink } from './task.ts';

const ACTION = 'io.copse.addresses';

/** The mail addresses, with which a forgotten password is replaced: hence only for who has signed in just now. */
export const addressesTask: AccountTask = { action: ACTION, isSensitive: true, show, run };

async function show(visit: AccountVisit, wrong?: string): Promise<Reply> {
  const { accounts } = visit.parts;
  const known = await accounts.threepids.of(visit.user.userNid);
  const items = known.map(
    ({ address }) =>
      html`${taskForm(visit, ACTION, html`<p>${address} <button name="remove" value="${address}">Take it away</button></p>`)}\n`,
  );
  const form = html`<label>Another one <input type="email" name="address" required maxlength="255" autocomplete="email"></label>
<button>Send a mail to it</button>`;
  const more = accounts.validations.isSetUp ? taskForm(visit, ACTION, form) : html`<p>This server sends no mails.</p>`;
  const content = html`${mistake(wrong)}${items}${more}<p><a href="${taskLink(PROFILE)}">Your account</a></p>`;
  return page('Mail addresses', content, wrong === undefined ? 200 : 400);
}

/** Takes an address away, sends a mail to a new one, or takes that in when its owner has confirmed it. */
async function run(visit: AccountVisit, fields: URLSearchParams): Promise<Reply> {
  const { threepids } = visit.parts.accounts;
  const { userNid } = visit.user;
  const removed = fields.get('remove');
  const sid = fields.get('sid');
  if (removed !== null) await threepids.remove(userNid, 'email', removed);
  else if (sid === null) return ask(visit, (fields.get('address') ?? '').trim());
  else {
    const proof = { sid, clientSecret: fields.get('client_secret') ?? '' };
    if (!(await visit.parts.accounts.validations.isProved(proof, 'add')))
      return confirmForm(visit, proof, 'It is not confirmed yet.');
    await threepids.add(userNid, proof);
  }
  return goTo(taskLink(ACTION));
}

async function ask(visit: AccountVisit, email: string): Promise<Reply> {
  const { accounts, random } = visit.parts;
  accounts.limits.count('mail', asRequester(visit.user), visit.ip);
  const clientSecret = randomToken(random, 32);
  const asked = { purpose: 'add', email, clientSecret, sendAttempt: 1, nextLink: undefined } as const;
  return confirmForm(visit, { sid: await accounts.validations.ask(asked), clientSecret });
}

function confirmForm(visit: AccountVisit, { sid, clientSecret }: ValidationProof, wrong?: string): Reply {
  const form = html`<input type="hidden" name="sid" value="${sid}">
<input type="hidden" name="client_secret" value="${clientSecret}">
<button>I have confirmed it</button>`;
  const content = html`${mistake(wrong)}<p>A mail is on its way. Open the link in it and confirm it there; then come back here.</p>
${taskForm(visit, ACTION, form)}<p><a href="${taskLink(ACTION)}">Mail addresses</a></p>`;
  return page('Confirm the address', content, wrong === undefined ? 200 : 403);
}
