export interface NatsServer {
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  /** With no user: a token. */
  readonly password: string | undefined;
}

export interface NatsServers {
  /** At least one. */
  readonly servers: readonly NatsServer[];
  /** Whether TLS is insisted on (`tls://`). With `nats://` it is used where the server demands it. */
  readonly isTls: boolean;
}

const DEFAULT_PORT = 4222;

/** `nats://user:password@10.0.0.1:4222,nats://...`; undefined when the text is no such thing. */
export function natsServers(text: string): NatsServers | undefined {
  const urls = text.split(',').map(part => URL.parse(part.trim()));
  const schemes = new Set(urls.map(url => url?.protocol));
  const [scheme] = schemes;
  if (schemes.size !== 1 || (scheme !== 'nats:' && scheme !== 'tls:')) return undefined;
  const servers = urls.flatMap(url => (url === null || !isServer(url) ? [] : [serverOf(url)]));
  return servers.length === urls.length ? { servers, isTls: scheme === 'tls:' } : undefined;
}

function isServer(url: URL): boolean {
  const { hostname, pathname, search, hash } = url;
  const isPlain = hostname !== '' && (pathname === '' || pathname === '/') && search === '' && hash === '';
  return isPlain && [url.username, url.password].every(isDecodable);
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function serverOf({ hostname, port, username, password }: URL): NatsServer {
  const [user, secret] = [username, password].map(text => (text === '' ? undefined : decodeURIComponent(text)));
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? DEFAULT_PORT : Number(port),
    ...(secret === undefined ? { user: undefined, password: user } : { user, password: secret }),
  };
}

/** For logs: no secrets. */
export function serverText({ host, port }: Pick<NatsServer, 'host' | 'port'>): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
