import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../base/clock.ts';
import { request as httpRequest } from '../../base/node-http.ts';
import { wholeBody } from './answer-body.ts';
import { Deadline } from './deadline.ts';
import type { Dialer } from './dialer.ts';
import type { HttpsGet } from './https-get.ts';
import type { Resolver } from './resolver.ts';

export interface HttpsGetParts {
  readonly resolver: Resolver;
  /** Refuses private addresses, wherever a redirect leads. */
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly userAgent: string;
}

/** HTTPS by the same dialer as federation itself, on connections that are used once. */
export function systemHttpsGet(parts: HttpsGetParts): HttpsGet {
  return async (url, { maxBytes, timeoutMs }) => {
    using deadline = new Deadline(parts.clock, timeoutMs);
    const connecting = connect(parts, url);
    // Whoever comes after the deadline is let go.
    deadline.signal.addEventListener('abort', () => connecting.then(socket => socket.destroy()).catch(() => undefined));
    const socket = await deadline.wait(connecting);
    try {
      const response = await send(url, socket, parts.userAgent, deadline.signal);
      const body = await wholeBody(response, { maxBytes, idleMs: timeoutMs }, parts.clock);
      return { status: response.statusCode ?? 0, header: name => response.headers[name]?.toString(), body };
    } finally {
      socket.destroy();
    }
  };
}

async function connect({ resolver, dialer }: HttpsGetParts, url: URL): Promise<TLSSocket> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? 443 : Number(url.port);
  const addresses = isIP(host) === 0 ? await resolver.lookup(host) : [host];
  return dialer.connect({ targets: addresses.map(address => ({ address, port })), certName: host });
}

function send(url: URL, socket: TLSSocket, userAgent: string, signal: AbortSignal): Promise<IncomingMessage> {
  const headers = { host: url.host, accept: 'application/json', 'user-agent': userAgent, connection: 'close' };
  return new Promise((resolve, reject) => {
    const path = `${url.pathname}${url.search}`;
    const request = httpRequest({ createConnection: () => socket, path, headers, setHost: false, signal }, resolve);
    request.on('error', reject);
    request.end();
  });
}
