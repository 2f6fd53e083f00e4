import type { ValidationProof } from '../../../accounts/mail-validations.ts';
import { randomToken } from '../../../base/random.ts';
import { MatrixError } from '../../../core/matrix-error.ts';
import { type Endpoint, type EndpointRequest, endpoint, type Reply } from '../../endpoint.ts';
import { FORGOTTEN_PATH } from '../../oauth/oauth-paths.ts';
import { mistake } from '../fallback/stage-page.ts';
import { readForm } from '../form.ts';
import { type Html, html, page } from '../html.ts';
import { continuation, forgottenLink, loginLink } from './continue-to.ts';
import type { LoginPageParts } from './login.ts';
import { nowhere } from './nowhere.ts';
import { goTo, isOurForm, sealForm, shown, tooOld, type Visit, visit } from './visit.ts';

const NEW_PASSWORD_PATH = `${FORGOTTEN_PATH}/new` as const;

type Asked = Pick<EndpointRequest<string, unknown, undefined>, 'stream' | 'header'>;

interface Here {
  readonly from: Visit;
  readonly next: string;
  readonly fields: URLSearchParams;
}

/** `/_copse/forgotten`: a new password for who has proved a mail address, as clients do it that see passwords. */
export const forgottenRoutes = (parts: LoginPageParts): Endpoint[] => [
  endpoint({
    method: 'GET',
    path: FORGOTTEN_PATH,
    auth: 'none',
    limit: 'other',
    async handle({ query, header }) {
      const next = continuation(query.get('continue') ?? '');
      if (next === undefined || !parts.accounts.validations.isSetUp) return nowhere();
      const from = await visit(parts, header);
      return shown(parts, from, addressForm(parts, { from, next }));
    },
  }),
  endpoint({
    method: 'POST',
    path: FORGOTTEN_PATH,
    auth: 'none',
    limit: 'mail',
    body: 'stream',
    async handle(asked) {
      return withForm(
        parts,
        asked,
        () => 'forgotten',
        here =>
          orAgain(
            () => ask(parts, here),
            wrong => addressForm(parts, here, wrong),
          ),
      );
    },
  }),
  endpoint({
    method: 'POST',
    path: NEW_PASSWORD_PATH,
    auth: 'none',
    limit: 'login',
    body: 'stream',
    async handle(asked) {
      return withForm(
        parts,
        asked,
        fields => aboutProof(proofIn(fields)),
        here => {
          const proof = proofIn(here.fields);
          return orAgain(
            () => set(parts, here, proof),
            wrong => passwordForm(parts, here, proof, wrong),
          );
        },
      );
    },
  }),
];

/** Reads a form that was shown in this browser. `about`: what it has to be sealed for. */
async function withForm(
  parts: LoginPageParts,
  { stream, header }: Asked,
  about: (fields: URLSearchParams) => string,
  go: (here: Here) => Promise<Reply>,
): Promise<Reply> {
  const fields = await readForm(stream);
  const next = continuation(fields.get('continue') ?? '');
  if (next === undefined || !parts.accounts.validations.isSetUp) return nowhere();
  const from = await visit(parts, header);
  if (!isOurForm(parts, from, about(fields), fields)) return tooOld(forgottenLink(next));
  return go({ from, next, fields });
}

async function orAgain(run: () => Promise<Reply>, again: (wrong: string) => Reply): Promise<Reply> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof MatrixError) return again(error.message);
    throw error;
  }
}

async function ask(parts: LoginPageParts, here: Here): Promise<Reply> {
  const clientSecret = randomToken(parts.random, 32);
  const email = (here.fields.get('address') ?? '').trim();
  const asked = { purpose: 'reset', email, clientSecret, sendAttempt: 1, nextLink: undefined } as const;
  const sid = await parts.accounts.validations.ask(asked);
  return passwordForm(parts, here, { sid, clientSecret });
}

async function set({ accounts }: LoginPageParts, { next, fields }: Here, proof: ValidationProof): Promise<Reply> {
  await accounts.changes.resetPassword(proof, fields.get('password') ?? '', fields.has('log_out'));
  return goTo(loginLink(next));
}

function proofIn(fields: URLSearchParams): ValidationProof {
  return { sid: fields.get('sid') ?? '', clientSecret: fields.get('client_secret') ?? '' };
}

function aboutProof({ sid, clientSecret }: ValidationProof): string {
  return `forgotten ${sid} ${clientSecret}`;
}

function formOf(
  parts: LoginPageParts,
  { from, next }: Omit<Here, 'fields'>,
  path: string,
  about: string,
  inside: Html,
): Html {
  return html`<form method="post" action="${path}">
<input type="hidden" name="seal" value="${sealForm(parts, from, about)}">
<input type="hidden" name="continue" value="${next}">
${inside}
</form>
<p><a href="${loginLink(next)}">Sign in</a></p>`;
}

function addressForm(parts: LoginPageParts, here: Omit<Here, 'fields'>, wrong?: string): Reply {
  const inside = html`<label>The mail address of your account <input type="email" name="address" required maxlength="255" autocomplete="email"></label>
<button>Send a mail</button>`;
  const form = formOf(parts, here, FORGOTTEN_PATH, 'forgotten', inside);
  return page('A new password', html`${mistake(wrong)}${form}`, wrong === undefined ? 200 : 400);
}

function passwordForm(parts: LoginPageParts, here: Here, proof: ValidationProof, wrong?: string): Reply {
  const inside = html`<input type="hidden" name="sid" value="${proof.sid}">
<input type="hidden" name="client_secret" value="${proof.clientSecret}">
<label>New password <input type="password" name="password" required maxlength="512" autocomplete="new-password"></label>
<label><input type="checkbox" name="log_out" checked> Log out all devices</label>
<button>Set it</button>`;
  const form = formOf(parts, here, NEW_PASSWORD_PATH, aboutProof(proof), inside);
  const content = html`${mistake(wrong)}<p>A mail is on its way. Open the link in it and confirm it there; then choose a new password here.</p>
${form}`;
  return page('A new password', content, wrong === undefined ? 200 : 403);
}
