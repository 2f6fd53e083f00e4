export type ApplicationType = 'web' | 'native';

/** In bytes. */
const LONGEST = 2048;
/** Anything else is none of an address, or read differently by different programs. */
const PLAIN = /^[\x21-\x5b\x5d-\x7e]+$/;
const LOOPBACK = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(?=[/?]|$)/;
const LOOPBACK_WITH_PORT = /^(http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])):\d{1,5}(?=[/?]|$)/;

/** An `https` address without user and password; `undefined` for anything else. */
export function httpsUrl(text: string): URL | undefined {
  const url = text.length <= LONGEST && PLAIN.test(text) ? URL.parse(text) : null;
  if (url?.protocol !== 'https:' || !text.startsWith('https://')) return undefined;
  return url.username === '' && url.password === '' ? url : undefined;
}

/** Whether an address is on the host of the client's page or below it: "client_uri", "common base". */
export function hasCommonBase(url: URL, clientUri: URL): boolean {
  return url.hostname === clientUri.hostname || url.hostname.endsWith(`.${clientUri.hostname}`);
}

/** Client-server API, "Redirect URI validation". */
export function isAllowedRedirect(uri: string, clientUri: URL, type: ApplicationType): boolean {
  if (uri.length > LONGEST || !PLAIN.test(uri) || uri.includes('#')) return false;
  const https = httpsUrl(uri);
  if (https !== undefined) return hasCommonBase(https, clientUri);
  return type === 'native' && (LOOPBACK.test(uri) || hasPrivateScheme(uri, clientUri));
}

/** A scheme that begins with the host of the client's page backwards, and no host behind it. */
function hasPrivateScheme(uri: string, clientUri: URL): boolean {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):(.*)$/i.exec(uri) ?? [];
  const reversed = clientUri.hostname.split('.').toReversed().join('.');
  const name = scheme.toLowerCase();
  return (name === reversed || name.startsWith(`${reversed}.`)) && !rest.startsWith('//') && URL.canParse(uri);
}

/** The same text; but a program that listens on its own machine takes whatever port is free (RFC 8252 section 7.3). */
export function isRegisteredRedirect(uri: string, registered: readonly string[]): boolean {
  if (uri.length > LONGEST || !PLAIN.test(uri)) return false;
  const anyPort = uri.replace(LOOPBACK_WITH_PORT, '$1');
  return registered.some(each => each === uri || (each === anyPort && LOOPBACK.test(each)));
}

export type ResponseMode = 'query' | 'fragment';

/** The address with the parameters of an answer. What stood there already stays as it is. */
export function withAnswer(uri: string, mode: ResponseMode, answer: Readonly<Record<string, string>>): string {
  const text = new URLSearchParams(answer).toString();
  if (mode === 'fragment') return `${uri}#${text}`;
  return `${uri}${uri.includes('?') ? '&' : '?'}${text}`;
}
