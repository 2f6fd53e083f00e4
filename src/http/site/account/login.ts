import type { Accounts } from '../../../accounts/accounts.ts';
import { MatrixError } from '../../../core/matrix-error.ts';
import { type Endpoint, endpoint, type Reply } from '../../endpoint.ts';
import { LOGIN_PATH } from '../../oauth/oauth-paths.ts';
import { mistake } from '../fallback/stage-page.ts';
import { readForm } from '../form.ts';
import { html, page } from '../html.ts';
import { continuation, forgottenLink, signUpLink } from './continue-to.ts';
import { nowhere } from './nowhere.ts';
import { signOnLink } from './sign-on.ts';
import {
  type AccountPageParts,
  goTo,
  isOurForm,
  sealForm,
  setCookie,
  shown,
  tooOld,
  type Visit,
  visit,
} from './visit.ts';

export interface LoginPageParts extends AccountPageParts {
  readonly accounts: Accounts;
}

interface LoginForm {
  readonly next: string;
  readonly name?: string;
  readonly wrong?: string;
}

/** `GET` and `POST /_copse/login`: where people sign in in a browser. */
export const loginRoutes = (parts: LoginPageParts): Endpoint[] => [
  endpoint({
    method: 'GET',
    path: LOGIN_PATH,
    auth: 'none',
    limit: 'other',
    async handle({ query, header }) {
      const next = continuation(query.get('continue') ?? '');
      if (next === undefined) return nowhere();
      return form(parts, await visit(parts, header), { next });
    },
  }),
  endpoint({
    method: 'POST',
    path: LOGIN_PATH,
    auth: 'none',
    limit: 'login',
    body: 'stream',
    async handle({ stream, header, ip }) {
      const fields = await readForm(stream);
      const next = continuation(fields.get('continue') ?? '');
      if (next === undefined) return nowhere();
      const from = await visit(parts, header);
      if (!isOurForm(parts, from, `login ${next}`, fields)) return tooOld(next);
      const name = (fields.get('name') ?? '').trim();
      const cookie = await signIn(parts, name, fields.get('password') ?? '', ip);
      if (typeof cookie !== 'string') return form(parts, from, { next, name, ...cookie });
      return goTo(next, setCookie(parts.oauth, cookie));
    },
  }),
];

/** What the browser keeps, or why somebody does not come in. */
async function signIn(
  { accounts, oauth }: LoginPageParts,
  name: string,
  password: string,
  ip: string,
): Promise<string | { readonly wrong: string }> {
  try {
    const user = await accounts.login.userWithPassword(name, password, ip);
    return await oauth.browsers.open(user.userNid);
  } catch (error) {
    if (error instanceof MatrixError) return { wrong: error.message };
    throw error;
  }
}

function form(parts: LoginPageParts, from: Visit, { next, name = '', wrong }: LoginForm): Reply {
  const { accounts, serverName } = parts;
  const providers = (accounts.signOn?.providers ?? []).map(
    ({ id, name: provider }) => html`<p><a href="${signOnLink(id, next)}">Sign in with ${provider}</a></p>\n`,
  );
  const forgotten = accounts.validations.isSetUp
    ? [html`<p><a href="${forgottenLink(next)}">Forgotten the password?</a></p>\n`]
    : [];
  const signUp =
    accounts.settings.registration === 'closed'
      ? []
      : [html`<p>You have none yet? <a href="${signUpLink(next)}">Make an account</a></p>`];
  const content = html`${mistake(wrong)}<form method="post" action="${LOGIN_PATH}">
<input type="hidden" name="seal" value="${sealForm(parts, from, `login ${next}`)}">
<input type="hidden" name="continue" value="${next}">
<label>User name or mail address <input name="name" value="${name}" required maxlength="255" autocomplete="username" autocapitalize="off"></label>
<label>Password <input type="password" name="password" required maxlength="512" autocomplete="current-password"></label>
<button>Sign in</button>
</form>
${providers}${forgotten}${signUp}`;
  return shown(parts, from, page(`Sign in to ${serverName}`, content, wrong === undefined ? 200 : 403));
}
