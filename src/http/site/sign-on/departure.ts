import type { OAuth } from '../../../accounts/oauth/oauth.ts';
import { SIGN_ON_MS, type SignOnDeparture, type SingleSignOn } from '../../../accounts/single-sign-on.ts';
import { notFound } from '../../../core/matrix-error.ts';
import { type Reply, reply } from '../../endpoint.ts';

/** Where providers send browsers back to. */
export const CALLBACK_PATH = '/_copse/sign-on/callback';
const COOKIE = 'copse_sign_on';
/** `Lax`: it comes with the browser that a provider sends back, and with no request that another page makes. */
const ATTRIBUTES = `Path=${CALLBACK_PATH}; HttpOnly; SameSite=Lax`;
/** Takes it back. */
export const FORGOTTEN = `${COOKIE}=; Max-Age=0; ${ATTRIBUTES}`;

export interface SignOnRouteParts {
  /** Undefined where there is no single sign-on. */
  readonly signOn: SingleSignOn | undefined;
  /** Undefined where there is none: people then sign in for clients alone. */
  readonly oauth: OAuth | undefined;
  /** Whether browsers reach this server by TLS alone. */
  readonly isSecure: boolean;
}

/** @throws MatrixError M_NOT_FOUND */
export function requireSignOn({ signOn }: SignOnRouteParts): SingleSignOn {
  if (signOn === undefined) throw notFound('This server has no single sign-on.');
  return signOn;
}

/** Sends a browser to a provider. */
export function depart({ location, cookie }: SignOnDeparture, parts: SignOnRouteParts): Reply {
  return redirect(location, kept(cookie, parts));
}

/** Sends a browser to a client, and takes back what it kept for us. */
export function arrive(location: string): Reply {
  return redirect(location, FORGOTTEN);
}

/** The value of `set-cookie` that has a browser keep something until somebody has signed in. */
export function kept(cookie: string, { isSecure }: SignOnRouteParts): string {
  return `${COOKIE}=${cookie}; Max-Age=${SIGN_ON_MS / 1000}; ${ATTRIBUTES}${isSecure ? '; Secure' : ''}`;
}

function redirect(location: string, cookie: string): Reply {
  const headers = { location, 'set-cookie': cookie, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' };
  return reply({ status: 302, headers, body: '' });
}

/** What `depart` gave the browser, out of a Cookie header. */
export function signOnCookie(header: string | undefined): string | undefined {
  const pairs = (header ?? '').split(';').map(pair => pair.trim());
  return pairs.find(pair => pair.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1);
}
