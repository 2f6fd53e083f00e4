import { REASON } from '../../../accounts/applications.ts';
import type { AuthStage } from '../../../accounts/interactive-auth.ts';
import type { SignUpForm } from '../../../accounts/oauth/sign-up.ts';
import { PROOF_OF_WORK } from '../../../accounts/proof-of-work.ts';
import type { Policy } from '../../../accounts/terms.ts';
import { MatrixError } from '../../../core/matrix-error.ts';
import { type Endpoint, endpoint, type Reply } from '../../endpoint.ts';
import { SIGN_UP_PATH } from '../../oauth/oauth-paths.ts';
import { mistake } from '../fallback/stage-page.ts';
import { policyList } from '../fallback/terms.ts';
import { readForm } from '../form.ts';
import { type Html, html, page } from '../html.ts';
import { continuation, loginLink, signUpLink } from './continue-to.ts';
import type { LoginPageParts } from './login.ts';
import { nowhere } from './nowhere.ts';
import { goTo, isOurForm, sealForm, setCookie, shown, tooOld, type Visit, visit } from './visit.ts';

interface Filled {
  readonly next: string;
  readonly ip: string;
  readonly fields: URLSearchParams;
  readonly wrong?: string;
}

/** `GET` and `POST /_copse/sign-up`: where people make an account in a browser (client-server API, "User registration"). */
export const signUpRoutes = (parts: LoginPageParts): Endpoint[] => [
  endpoint({
    method: 'GET',
    path: SIGN_UP_PATH,
    auth: 'none',
    limit: 'other',
    async handle({ query, header, ip }) {
      const next = continuation(query.get('continue') ?? '');
      if (next === undefined) return nowhere();
      return form(parts, await visit(parts, header), { next, ip, fields: new URLSearchParams() });
    },
  }),
  endpoint({
    method: 'POST',
    path: SIGN_UP_PATH,
    auth: 'none',
    limit: 'login',
    body: 'stream',
    async handle({ stream, header, ip }) {
      const fields = await readForm(stream);
      const next = continuation(fields.get('continue') ?? '');
      if (next === undefined) return nowhere();
      const from = await visit(parts, header);
      if (!isOurForm(parts, from, `sign-up ${next}`, fields)) return tooOld(signUpLink(next));
      const made = await make(parts, enteredIn(fields), ip);
      if (typeof made === 'object') return form(parts, from, { next, ip, fields, ...made });
      if (made === undefined) return waits();
      return goTo(next, setCookie(parts.oauth, await parts.oauth.browsers.open(made)));
    },
  }),
];

/** The account, nothing where it waits for an administrator, or why there is none. */
async function make(
  { oauth }: LoginPageParts,
  entered: SignUpForm,
  ip: string,
): Promise<number | undefined | { readonly wrong: string }> {
  try {
    return await oauth.signUp.make(entered, ip);
  } catch (error) {
    if (error instanceof MatrixError) return { wrong: error.message };
    throw error;
  }
}

function enteredIn(fields: URLSearchParams): SignUpForm {
  const field = (name: string) => fields.get(name) ?? '';
  return {
    session: field('session'),
    name: field('name').trim(),
    password: field('password'),
    token: field('token').trim(),
    reason: field('reason'),
    accepted: fields.has('accepted'),
  };
}

async function form(parts: LoginPageParts, from: Visit, { next, ip, fields, wrong }: Filled): Promise<Reply> {
  const { accounts, oauth, serverName } = parts;
  if (accounts.settings.registration === 'closed') return closed();
  const { session, stages } = await oauth.signUp.questions(fields.get('session') ?? undefined, ip);
  const content = html`${mistake(wrong)}<form method="post" action="${SIGN_UP_PATH}">
<input type="hidden" name="seal" value="${sealForm(parts, from, `sign-up ${next}`)}">
<input type="hidden" name="continue" value="${next}">
<input type="hidden" name="session" value="${session}">
<label>User name <input name="name" value="${fields.get('name') ?? ''}" required maxlength="255" autocomplete="username" autocapitalize="off"></label>
<label>Password <input type="password" name="password" required maxlength="512" autocomplete="new-password"></label>
${stages.flatMap(stage => questionOf(stage, session, fields, accounts.registration.policies))}
<button>Make the account</button>
</form>
<p>You have an account? <a href="${loginLink(next)}">Sign in</a></p>`;
  return shown(parts, from, page(`An account on ${serverName}`, content, wrong === undefined ? 200 : 400));
}

function questionOf(stage: AuthStage, session: string, fields: URLSearchParams, policies: readonly Policy[]): Html[] {
  if (stage === 'm.login.registration_token')
    return [
      html`<label>Token from an administrator <input name="token" value="${fields.get('token') ?? ''}" required maxlength="64" autocomplete="off" autocapitalize="off"></label>`,
    ];
  if (stage === REASON)
    return [
      html`<label>Why do you want an account here? An administrator reads it. <textarea name="reason" required maxlength="2000" rows="4">${fields.get('reason') ?? ''}</textarea></label>`,
    ];
  if (stage === 'm.login.terms')
    return [
      html`<p>Please read these documents:</p>${policyList(policies)}
<label><input type="checkbox" name="accepted" required> I accept</label>`,
    ];
  if (stage !== PROOF_OF_WORK) return [];
  const work = `/_matrix/client/v3/auth/${PROOF_OF_WORK}/fallback/web?session=${encodeURIComponent(session)}`;
  return [
    html`<p>First <a href="${work}" target="_blank" rel="noreferrer">have your browser do a computation</a>: many people register just now.</p>`,
  ];
}

function waits(): Reply {
  return page(
    'An administrator will look at it',
    html`<p>Your account is made. You can log in as soon as an administrator has let you in.</p>`,
  );
}

function closed(): Reply {
  return page('No new accounts', html`<p>Accounts are made by the administrators of this server.</p>`, 403);
}
