import {
  ACCOUNT_PATH,
  AUTHORIZE_PATH,
  FORGOTTEN_PATH,
  LINK_PATH,
  LOGIN_PATH,
  SIGN_UP_PATH,
} from '../../oauth/oauth-paths.ts';

/** Pages that people are sent on to when they have signed in: of this server, and by a text that is read in one way only. */
const CONTINUATIONS: readonly string[] = [AUTHORIZE_PATH, LINK_PATH, ACCOUNT_PATH];
const LONGEST = 8192;
const QUERY = /^(\?[\x21-\x5b\x5d-\x7e]*)?$/;

/** Where to go after signing in; undefined for what is no page of ours. */
export function continuation(text: string): string | undefined {
  const path = CONTINUATIONS.find(each => text.startsWith(each));
  if (path === undefined || text.length > LONGEST || !QUERY.test(text.slice(path.length))) return undefined;
  return text;
}

export function loginLink(next: string): string {
  return `${LOGIN_PATH}?${new URLSearchParams({ continue: next })}`;
}

export function forgottenLink(next: string): string {
  return `${FORGOTTEN_PATH}?${new URLSearchParams({ continue: next })}`;
}

export function signUpLink(next: string): string {
  return `${SIGN_UP_PATH}?${new URLSearchParams({ continue: next })}`;
}
