import type { ClientRequest, ClientRequestArgs, IncomingMessage } from 'node:http';
import { request as httpRequest } from '../../base/node-http.ts';
import type { ConnectionPool, DialOptions } from './connection-pool.ts';
import type { Route } from './discovery.ts';

export interface HttpExchange {
  readonly method: string;
  /** Path and query, percent-encoded: what is signed is what is sent. */
  readonly uri: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  /** Called once there is a connection. */
  readonly onConnected: () => void;
}

/** As many kept connections of one host as may have gone stale, and a fresh one. */
const MOST_TRIES = 4;

/**
 * Sends a request along a route and gives the answer once its head is there. A kept connection that the peer closed
 * just then is no failure: what may be sent twice is sent again.
 * @throws DialError, or what the socket or the HTTP parser says
 */
export async function exchange(
  pool: ConnectionPool,
  route: Route,
  sent: HttpExchange,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(pool, route, sent, signal);
    } catch (error) {
      if (!(error instanceof StaleConnectionError)) throw error;
      if (sent.method === 'POST' || attempt === MOST_TRIES) throw error.cause;
    }
  }
}

/** A connection that was kept turned out to be closed by the peer before anything was answered. */
class StaleConnectionError extends Error {
  constructor(cause: unknown) {
    super('a kept connection was closed by the peer', { cause });
    this.name = 'StaleConnectionError';
  }
}

function once(pool: ConnectionPool, route: Route, sent: HttpExchange, signal: AbortSignal): Promise<IncomingMessage> {
  const options: DialOptions & ClientRequestArgs = {
    agent: pool,
    dial: route,
    // The pool keeps connections by server; where it connects to stands in `dial`.
    host: route.server,
    method: sent.method,
    path: sent.uri,
    headers: { host: route.host, ...sent.headers, ...lengthOf(sent) },
    setHost: false,
  };
  return new Promise((resolve, reject) => {
    const request = httpRequest(options, resolve);
    abortWith(request, signal);
    request.once('socket', sent.onConnected);
    // Stays on: an error after the head of the answer is told to whoever reads the body.
    request.on('error', (error: NodeJS.ErrnoException) => {
      const isStale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      reject(isStale ? new StaleConnectionError(error) : error);
    });
    request.end(sent.body);
  });
}

/** As the option `signal` does it, which hangs ten listeners on the request to know when it is over. */
function abortWith(request: ClientRequest, signal: AbortSignal): void {
  const abort = () => void request.destroy(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  request.once('close', () => signal.removeEventListener('abort', abort));
  if (signal.aborted) abort();
}

function lengthOf({ method, body }: HttpExchange): Record<string, string> {
  if (body !== undefined) return { 'content-length': String(body.length) };
  return method === 'GET' ? {} : { 'content-length': '0' };
}
