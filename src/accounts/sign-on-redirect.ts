import { invalidParam } from '../core/matrix-error.ts';

/** In bytes: browsers keep cookies of up to 4096. */
const LONGEST = 2048;
/** What would run in the page that leads there, or is no client of anybody. */
const FORBIDDEN = /^(javascript|data|vbscript|blob|file|about|filesystem|view-source):$/;
/** Anything else is none of an address, and read differently by different programs. */
const PRINTABLE = /^[\x21-\x7e]+$/;

/** Where a client wants its users back. @throws MatrixError M_INVALID_PARAM for what no client can be at */
export function clientRedirect(redirectUrl: string): URL {
  const url = redirectUrl.length <= LONGEST && PRINTABLE.test(redirectUrl) ? URL.parse(redirectUrl) : null;
  if (url === null || FORBIDDEN.test(url.protocol) || url.username !== '' || url.password !== '')
    throw invalidParam('redirectUrl is not the address of a client.');
  return url;
}

/** Whether a client is at one of the trusted addresses: the same origin, and below the same path. */
export function isTrustedClient(redirectUrl: string, trusted: readonly string[]): boolean {
  const url = clientRedirect(redirectUrl);
  return trusted
    .map(text => new URL(text))
    .some(({ protocol, host, pathname }) => {
      return url.protocol === protocol && url.host === host && url.pathname.startsWith(pathname);
    });
}

/** The address with the token; what stood there under its name is gone. */
export function withLoginToken(redirectUrl: string, token: string): string {
  const url = clientRedirect(redirectUrl);
  url.searchParams.delete('loginToken');
  url.searchParams.append('loginToken', token);
  return url.href;
}
