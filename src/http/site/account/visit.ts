import { hash } from 'node:crypto';
import { BROWSER_SESSION_MS, type BrowserUser } from '../../../accounts/oauth/browser-sessions.ts';
import type { OAuth } from '../../../accounts/oauth/oauth.ts';
import type { Clock } from '../../../base/clock.ts';
import { type Random, randomToken } from '../../../base/random.ts';
import { openSealedText, sealText } from '../../../base/sealed-text.ts';
import { type Reply, reply } from '../../endpoint.ts';
import { html, page } from '../html.ts';

export interface AccountPageParts {
  readonly oauth: OAuth;
  readonly clock: Clock;
  readonly random: Random;
  readonly serverName: string;
}

/** A browser that opens a page: what it is known by, and who is signed in there. */
export interface Visit {
  /** What the browser keeps. Somebody is signed in where that is a session; else it serves to know its forms again. */
  readonly cookie: string;
  readonly isNew: boolean;
  readonly who: BrowserUser | undefined;
}

/** How long a form may lie open. */
const FORM_MS = 30 * 60_000;
const COOKIE = 'copse_browser';

export async function visit(
  { oauth, random }: AccountPageParts,
  header: (name: string) => string | undefined,
): Promise<Visit> {
  const kept = cookieIn(header('cookie'), cookieName(oauth));
  const who = await oauth.browsers.find(kept);
  return { cookie: kept ?? randomToken(random, 32), isNew: kept === undefined, who };
}

/** With TLS the name itself has browsers refuse it from other hosts and plain connections. */
function cookieName({ base }: OAuth): string {
  return base.startsWith('https:') ? `__Host-${COOKIE}` : COOKIE;
}

function cookieIn(header: string | undefined, name: string): string | undefined {
  const pairs = (header ?? '').split(';').map(pair => pair.trim());
  const value = pairs.find(pair => pair.startsWith(`${name}=`))?.slice(name.length + 1);
  return value !== undefined && /^[\w-]{1,100}$/.test(value) ? value : undefined;
}

/** `Lax`: it comes along when a client sends the browser here, and with no form of another page. */
export function setCookie(oauth: OAuth, value: string): Readonly<Record<string, string>> {
  const secure = oauth.base.startsWith('https:') ? '; Secure' : '';
  const age = value === '' ? 0 : BROWSER_SESSION_MS / 1000;
  return { 'set-cookie': `${cookieName(oauth)}=${value}; Max-Age=${age}; Path=/; HttpOnly; SameSite=Lax${secure}` };
}

/** A page with forms: a browser that comes for the first time is given something to be known by. */
export function shown(parts: AccountPageParts, { isNew, cookie }: Visit, answer: Reply): Reply {
  return isNew ? reply({ ...answer, headers: { ...answer.headers, ...setCookie(parts.oauth, cookie) } }) : answer;
}

/** RFC 9700 section 4.12: 303, so that what was sent to this server is not sent on. */
export function goTo(location: string, headers: Readonly<Record<string, string>> = {}): Reply {
  const own = { location, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' };
  return reply({ status: 303, headers: { ...own, ...headers }, body: '' });
}

/** What a form of ours carries, so that it is known to have been shown in this browser. `about`: what it decides on. */
export function sealForm({ oauth, clock }: AccountPageParts, { cookie }: Visit, about: string): string {
  return sealText(purposeOf(cookie, about), { expires: clock.now() + FORM_MS }, oauth.secret);
}

export function isOurForm(
  { oauth, clock }: AccountPageParts,
  { cookie }: Visit,
  about: string,
  form: URLSearchParams,
): boolean {
  const seal = openSealedText(purposeOf(cookie, about), form.get('seal') ?? '', oauth.secret);
  return seal !== undefined && (seal as { readonly expires: number }).expires > clock.now();
}

function purposeOf(cookie: string, about: string): string {
  return `form ${hash('sha256', cookie)} ${hash('sha256', about)}`;
}

export function tooOld(again: string): Reply {
  return page(
    'This page is too old',
    html`<p>It lay open for too long, or was not opened in this browser.</p><p><a href="${again}">Begin again</a></p>`,
    403,
  );
}
