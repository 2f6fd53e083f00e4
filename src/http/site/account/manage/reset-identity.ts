import { html, page } from '../../html.ts';
import { PROFILE } from './profile.ts';
import { type AccountTask, taskForm, taskLink } from './task.ts';

export const RESET = 'org.matrix.cross_signing_reset';

/** Lets one client replace the cross-signing keys (client-server API, "OAuth authentication"). */
export const resetIdentityTask: AccountTask = {
  action: RESET,
  isSensitive: true,
  async show(visit) {
    const content = html`<p>A client that is logged in as <code>${visit.user.userId}</code> may make a new encryption identity within the next
ten minutes. Everybody who has verified you will be warned and has to do it again, and so will your own devices.</p>
<p>Do this only if you have lost all your other devices and your recovery key, and have just asked a client of yours for it. If
you did not, somebody else may have your account: <a href="${taskLink('org.matrix.devices_list')}">look at your devices</a>.</p>
${taskForm(visit, RESET, html`<button>Allow it</button>`)}<p><a href="${taskLink(PROFILE)}">Do not</a></p>`;
    return page('A new encryption identity', content);
  },
  async run({ parts, user }) {
    await parts.oauth.resets.allow(user.userNid);
    return page('It is allowed', html`<p>Go back to your client within ten minutes. You can close this page.</p>`);
  },
};
