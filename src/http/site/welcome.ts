import type { Clock } from '../../base/clock.ts';
import { MatrixError } from '../../core/matrix-error.ts';
import { type Endpoint, endpoint, type Reply } from '../endpoint.ts';
import { readForm } from './form.ts';
import { type Html, html, page } from './html.ts';
import { type Invitation, openInvitation } from './invitation.ts';

/** What the page needs of accounts. */
export interface AccountMaker {
  exists(localpart: string): Promise<boolean>;
  hasAdministrator(): Promise<boolean>;
  /** @throws MatrixError M_INVALID_USERNAME, M_USER_IN_USE, M_WEAK_PASSWORD */
  create(account: { localpart: string; password: string; admin: boolean }): Promise<void>;
}

export interface WelcomeParts {
  readonly serverName: string;
  readonly invitationSecret: Uint8Array;
  readonly makeAccounts: AccountMaker;
  readonly clock: Clock;
}

export const WELCOME_PATH = '/_copse/welcome';

/** `GET` and `POST /_copse/welcome`: makes the account that an invitation link allows, with a password of one's own. */
export const welcomeRoutes = (parts: WelcomeParts): Endpoint[] => [
  endpoint({
    method: 'GET',
    path: WELCOME_PATH,
    auth: 'none',
    limit: 'login',
    async handle({ query }) {
      const text = query.get('invitation') ?? '';
      const invitation = await usable(parts, text);
      return invitation === undefined ? usedUp() : form(parts, invitation, text);
    },
  }),
  endpoint({
    method: 'POST',
    path: WELCOME_PATH,
    auth: 'none',
    limit: 'login',
    body: 'stream',
    async handle({ stream }) {
      const fields = await readForm(stream);
      const text = fields.get('invitation') ?? '';
      const invitation = await usable(parts, text);
      if (invitation === undefined) return usedUp();
      return makeAccount(parts, invitation, text, fields);
    },
  }),
];

async function makeAccount(
  parts: WelcomeParts,
  invitation: Invitation,
  text: string,
  fields: URLSearchParams,
): Promise<Reply> {
  const localpart = invitation.localpart ?? (fields.get('name') ?? '').trim().toLowerCase();
  const password = fields.get('password') ?? '';
  if (password.length < 8) return form(parts, invitation, text, 'Take a password of at least 8 characters.');
  try {
    await parts.makeAccounts.create({ localpart, password, admin: invitation.admin });
  } catch (error) {
    if (!(error instanceof MatrixError)) throw error;
    return form(parts, invitation, text, error.message);
  }
  const name = `@${localpart}:${parts.serverName}`;
  return page('Welcome', html`<p>The account <code>${name}</code> is ready. Log in with any Matrix client.</p>`);
}

async function usable(parts: WelcomeParts, text: string): Promise<Invitation | undefined> {
  const invitation = openInvitation(text, parts.invitationSecret, parts.clock.now());
  if (invitation === undefined) return undefined;
  const used =
    invitation.localpart === undefined
      ? await parts.makeAccounts.hasAdministrator()
      : await parts.makeAccounts.exists(invitation.localpart);
  return used ? undefined : invitation;
}

function usedUp(): Reply {
  return page(
    'This link cannot be used',
    html`<p>It was used already, it is older than a day, or part of it got lost on the way.
Ask the administrator of this server for a new one.</p>`,
    403,
  );
}

function form(parts: WelcomeParts, invitation: Invitation, text: string, wrong?: string): Reply {
  const title = invitation.admin ? 'Become an administrator' : 'Make your account';
  const name: Html =
    invitation.localpart === undefined
      ? html`<label>Name <input name="name" required autocomplete="username" autocapitalize="off" pattern="[A-Za-z0-9._=/+\\-]+"></label>`
      : html`<p>Your name will be <code>@${invitation.localpart}:${parts.serverName}</code>.</p>`;
  return page(
    title,
    html`${wrong === undefined ? '' : html`<p class="wrong">${wrong}</p>`}
<form method="post" action="${WELCOME_PATH}">
<input type="hidden" name="invitation" value="${text}">
${name}
<label>Password <input type="password" name="password" required minlength="8" autocomplete="new-password"></label>
<button>Make the account on ${parts.serverName}</button>
</form>`,
    wrong === undefined ? 200 : 400,
  );
}
