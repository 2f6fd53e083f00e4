import type { WaitingDevice } from '../../../accounts/oauth/device-grants.ts';
import { shownUserCode } from '../../../accounts/oauth/user-code.ts';
import type { User } from '../../../accounts/users.ts';
import { type Endpoint, endpoint, type Reply } from '../../endpoint.ts';
import { LINK_PATH } from '../../oauth/oauth-paths.ts';
import { mistake } from '../fallback/stage-page.ts';
import { readForm } from '../form.ts';
import { html, page } from '../html.ts';
import { clientLinks, clientName, replacedDevice } from './client-words.ts';
import { loginLink } from './continue-to.ts';
import type { LoginPageParts } from './login.ts';
import { goTo, isOurForm, sealForm, shown, tooOld, type Visit, visit } from './visit.ts';

/** `GET` and `POST /_copse/link`: where somebody lets in a device that has no browser (RFC 8628 section 3.3). */
export const linkRoutes = (parts: LoginPageParts): Endpoint[] => [
  endpoint({
    method: 'GET',
    path: LINK_PATH,
    auth: 'none',
    // Codes are short, so guessing is slow.
    limit: 'login',
    async handle({ query, header }) {
      const typed = query.get('user_code') ?? '';
      const from = await visit(parts, header);
      if (from.who === undefined) return goTo(loginLink(linkTo(typed)));
      if (typed === '') return shown(parts, from, codeForm());
      const device = await parts.oauth.devices.find(typed);
      if (device === undefined)
        return shown(parts, from, codeForm('Nothing waits under this code. It is good for 15 minutes.'));
      return shown(parts, from, await question(parts, from, from.who.user, device));
    },
  }),
  endpoint({
    method: 'POST',
    path: LINK_PATH,
    auth: 'none',
    limit: 'login',
    body: 'stream',
    async handle({ stream, header }) {
      const fields = await readForm(stream);
      const code = fields.get('user_code') ?? '';
      const from = await visit(parts, header);
      if (from.who === undefined) return goTo(loginLink(linkTo(code)));
      if (!isOurForm(parts, from, `link ${code}`, fields)) return tooOld(linkTo(code));
      const isAllowed = fields.get('decision') === 'allow';
      const isDone = await parts.oauth.devices.decide(code, isAllowed ? from.who.user.userNid : undefined);
      return isDone ? done(isAllowed) : tooOld(LINK_PATH);
    },
  }),
];

function linkTo(typed: string): string {
  return typed === '' ? LINK_PATH : `${LINK_PATH}?${new URLSearchParams({ user_code: typed.slice(0, 40) })}`;
}

function codeForm(wrong?: string): Reply {
  const content = html`${mistake(wrong)}<form method="get" action="${LINK_PATH}">
<label>The code that your device shows <input name="user_code" required maxlength="20" autocomplete="off" autocapitalize="characters" placeholder="WDJB-MJHT"></label>
<button>Go on</button>
</form>`;
  return page('Let a device in', content, wrong === undefined ? 200 : 404);
}

/** RFC 8628 section 5.4: a link with a code in it may have been sent by somebody who waits for the tokens. */
async function question(
  parts: LoginPageParts,
  from: Visit,
  { userId, userNid }: User,
  device: WaitingDevice,
): Promise<Reply> {
  const { client, userCode, deviceId } = device;
  const content = html`<p><strong>${clientName(client)}</strong> on another device wants to use your account <code>${userId}</code>: to
read and write messages, and everything else that you can do here.</p>
<p>Go on only if that device is with you and shows this code: <code>${shownUserCode(userCode)}</code>. If somebody has sent you here,
they want your account.</p>
${await replacedDevice(parts.accounts.devices, userNid, deviceId)}
<form method="post" action="${LINK_PATH}">
<input type="hidden" name="seal" value="${sealForm(parts, from, `link ${userCode}`)}">
<input type="hidden" name="user_code" value="${userCode}">
<p><button name="decision" value="allow">Let it in</button> <button name="decision" value="deny">Do not</button></p>
</form>
${clientLinks(client)}
<p><a href="${loginLink(linkTo(userCode))}">Use another account</a></p>`;
  return page('Let this device in?', content);
}

function done(isAllowed: boolean): Reply {
  return isAllowed
    ? page('The device is let in', html`<p>Go on there. You can close this page.</p>`)
    : page('The device stays outside', html`<p>You can close this page.</p>`);
}
