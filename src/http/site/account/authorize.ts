import type { AuthorizationRequest } from '../../../accounts/oauth/authorizations.ts';
import type { User } from '../../../accounts/users.ts';
import { type Endpoint, type EndpointRequest, endpoint, type Reply } from '../../endpoint.ts';
import { AUTHORIZE_PATH } from '../../oauth/oauth-paths.ts';
import { readForm } from '../form.ts';
import { html, page } from '../html.ts';
import { clientLinks, clientName, cspSource, placeOf, replacedDevice } from './client-words.ts';
import { loginLink, signUpLink } from './continue-to.ts';
import type { LoginPageParts } from './login.ts';
import { goTo, isOurForm, sealForm, shown, tooOld, type Visit, visit } from './visit.ts';

type Asked = Pick<EndpointRequest<string, unknown, undefined>, 'query' | 'header'>;

/** `GET` and `POST /_copse/authorize`: a client asks to be let into an account (RFC 6749 section 4.1.1), and its owner decides. */
export const authorizeRoutes = (parts: LoginPageParts): Endpoint[] => [
  endpoint({
    method: 'GET',
    path: AUTHORIZE_PATH,
    auth: 'none',
    limit: 'other',
    async handle(asked) {
      return withRequest(parts, asked, async (request, here) => {
        const from = await visit(parts, asked.header);
        if (request.wantsAccount && parts.accounts.settings.registration !== 'closed')
          return goTo(signUpLink(withoutPrompt(here)));
        if (from.who === undefined) return goTo(loginLink(here));
        return shown(parts, from, await question(parts, from, from.who.user, request, here));
      });
    },
  }),
  endpoint({
    method: 'POST',
    path: AUTHORIZE_PATH,
    auth: 'none',
    limit: 'other',
    body: 'stream',
    async handle({ stream, ...asked }) {
      const fields = await readForm(stream);
      return withRequest(parts, asked, async (request, here) => {
        const from = await visit(parts, asked.header);
        if (from.who === undefined) return goTo(loginLink(here));
        if (!isOurForm(parts, from, here, fields)) return tooOld(here);
        const { authorizations } = parts.oauth;
        if (fields.get('decision') !== 'allow') return goTo(authorizations.deny(request));
        return goTo(await authorizations.allow(request, from.who.user.userNid));
      });
    },
  }),
];

/** `here`: the page's own address. */
async function withRequest(
  { oauth }: LoginPageParts,
  { query }: Asked,
  run: (request: AuthorizationRequest, here: string) => Promise<Reply>,
): Promise<Reply> {
  const read = await oauth.authorizations.read(query.fields());
  if (read.kind === 'good') return run(read.request, `${AUTHORIZE_PATH}?${query}`);
  if (read.kind === 'stranger') return wrong(html`<p>${read.message}</p>`);
  // No redirect: anybody can register a client, and would have an address of ours that leads to theirs.
  return wrong(html`<p>${read.message}</p><p><a href="${read.location}">Back to ${placeOf(read.location)}</a></p>`);
}

function wrong(content: ReturnType<typeof html>): Reply {
  return page('This client asks for something that cannot be', content, 400);
}

/** The page to come back to with an account. */
function withoutPrompt(here: string): string {
  const url = new URL(here, 'http://copse');
  url.searchParams.delete('prompt');
  return url.pathname + url.search;
}

async function question(
  parts: LoginPageParts,
  from: Visit,
  { userId, userNid }: User,
  request: AuthorizationRequest,
  here: string,
): Promise<Reply> {
  const { client, redirectUri, scope } = request;
  const place = placeOf(redirectUri);
  const content = html`<p><strong>${clientName(client)}</strong> wants to use your account <code>${userId}</code>: to read and write
messages, and everything else that you can do here. You will be led to <strong>${place}</strong>.</p>
<p>Go on only if you have just begun to log in there.</p>
${await replacedDevice(parts.accounts.devices, userNid, scope.deviceId)}
<form method="post" action="${here}">
<input type="hidden" name="seal" value="${sealForm(parts, from, here)}">
<p><button name="decision" value="allow">Let it in</button> <button name="decision" value="deny">Do not</button></p>
</form>
${clientLinks(client)}
<p><a href="${loginLink(here)}">Use another account</a></p>`;
  return page('Let this client in?', content, 200, { leadsTo: cspSource(redirectUri) });
}
