import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../base/clock.ts';
import { request as httpRequest } from '../../base/node-http.ts';
import { bodyOf } from './answer-body.ts';
import type { Deadline } from './deadline.ts';
import type { Dialer } from './dialer.ts';
import type { Resolver } from './resolver.ts';

export interface HttpsParts {
  readonly resolver: Resolver;
  /** Refuses private addresses, wherever a redirect leads. */
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly userAgent: string;
}

/** What one GET over HTTPS answers, whatever its status. Disposing of it closes the connection. */
export interface HttpsStreamedAnswer extends Disposable {
  readonly status: number;
  /** A header by its name in lower case. */
  readonly header: (name: string) => string | undefined;
  /** Reading fails with AnswerError. */
  readonly body: AsyncIterable<Uint8Array>;
}

export interface HttpsStreamOptions {
  readonly accept: string;
  /** A longer answer is an error. */
  readonly maxBytes: number;
  /** Ends it, also while the body is read. */
  readonly deadline: Deadline;
}

/**
 * HTTPS as a parameter, for answers that are too large to be held at once. Connects to public addresses only and checks
 * the certificate against the URL's host. Redirects are not followed.
 */
export type HttpsStream = (url: URL, options: HttpsStreamOptions) => Promise<HttpsStreamedAnswer>;

/** The longest wait for the next piece of a body. */
const IDLE_MS = 30_000;

/** HTTPS by the same dialer as federation itself, on connections that are used once. */
export function systemHttpsStream(parts: HttpsParts): HttpsStream {
  return async (url, { accept, maxBytes, deadline }) => {
    const { response, socket } = await openHttps(parts, url, accept, deadline);
    return {
      status: response.statusCode ?? 0,
      header: name => response.headers[name]?.toString(),
      body: bodyOf(response, { maxBytes, idleMs: IDLE_MS }, parts.clock),
      [Symbol.dispose]: () => void socket.destroy(),
    };
  };
}

/** The head of the answer to a GET; the caller destroys the socket. @throws DialError, LookupError, DeadlineError and others */
export async function openHttps(
  parts: HttpsParts,
  url: URL,
  accept: string,
  deadline: Deadline,
): Promise<{ readonly response: IncomingMessage; readonly socket: TLSSocket }> {
  const connecting = connect(parts, url);
  // Whoever comes after the deadline is let go.
  deadline.signal.addEventListener('abort', () => connecting.then(socket => socket.destroy()).catch(() => undefined));
  const socket = await deadline.wait(connecting);
  try {
    return { response: await send(url, socket, { accept, 'user-agent': parts.userAgent }, deadline.signal), socket };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function connect({ resolver, dialer }: HttpsParts, url: URL): Promise<TLSSocket> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? 443 : Number(url.port);
  const addresses = isIP(host) === 0 ? await resolver.lookup(host) : [host];
  return dialer.connect({ targets: addresses.map(address => ({ address, port })), certName: host });
}

function send(
  url: URL,
  socket: TLSSocket,
  given: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const headers = { host: url.host, ...given, connection: 'close' };
  return new Promise((resolve, reject) => {
    const path = `${url.pathname}${url.search}`;
    const request = httpRequest({ createConnection: () => socket, path, headers, setHost: false, signal }, resolve);
    request.on('error', reject);
    request.end();
  });
}
