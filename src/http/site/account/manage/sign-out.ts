import { html, page } from '../../html.ts';
import { goTo, setCookie } from '../visit.ts';
import { PROFILE } from './profile.ts';
import { type AccountTask, taskForm, taskLink } from './task.ts';

const ACTION = 'io.copse.sign_out';

/** Signs this browser out. Devices stay logged in. */
export const signOutTask: AccountTask = {
  action: ACTION,
  isSensitive: false,
  async show(visit) {
    const form = taskForm(visit, ACTION, html`<button>Sign out</button>`);
    return page('Sign out of this browser', html`<p>Your clients stay logged in.</p>${form}`);
  },
  async run({ parts, from }) {
    await parts.oauth.browsers.close(from.cookie);
    return goTo(taskLink(PROFILE), setCookie(parts.oauth, ''));
  },
};
