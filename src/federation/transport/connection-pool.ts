import type { ClientRequest, ClientRequestArgs } from 'node:http';
import type { Duplex } from 'node:stream';
import { Agent } from '../../base/node-http.ts';
import type { Dial, Dialer } from './dialer.ts';

/** Request options with the way to connect, should no kept connection be free. */
export type DialOptions = ClientRequestArgs & { readonly dial: Dial };

/** A kept connection that nobody uses is closed after this long. */
const IDLE_MS = 50_000;
const MOST_IDLE_PER_HOST = 2;
/** What an idle connection takes: 54 kB of them TLS. */
const BYTES_IDLE = 60 * 1024;
/** The part of the budget that idle connections may take, and how many there may be in any case. */
const SHARE = 1 / 20;
const LEAST_IDLE = 32;
export const MOST_IDLE = 256;

/** How many connections may be kept by a process with that budget. */
export function idleConnections(budget: number): number {
  return Math.max(LEAST_IDLE, Math.min(MOST_IDLE, Math.floor((budget * SHARE) / BYTES_IDLE)));
}

/**
 * Kept connections to other servers, by their `host` option. When there are enough, no more are kept: what goes to all
 * servers of a room goes to them in the same order each time, and closing the oldest one would close each before it was
 * used again. It speaks HTTP over what `Dialer` opens, which is TLS already.
 */
export class ConnectionPool extends Agent {
  readonly #dialer: Dialer;
  readonly #mostIdle: number;
  /** Idle connections, with what takes them out when they close. */
  readonly #idle = new Map<Duplex, () => void>();

  constructor(dialer: Dialer, mostIdle: number) {
    super({ keepAlive: true, keepAliveMsecs: 30_000, maxFreeSockets: MOST_IDLE_PER_HOST, timeout: IDLE_MS });
    this.#dialer = dialer;
    this.#mostIdle = mostIdle;
  }

  override createConnection(
    options: ClientRequestArgs,
    done?: (error: Error | null, socket: Duplex) => void,
  ): Duplex | undefined {
    const { dial } = options as DialOptions;
    this.#dialer.connect(dial).then(
      socket => done?.(null, socket.setNoDelay(true)),
      // The types know no failure without a socket; Node's own code does.
      (error: Error) => (done as ((error: Error) => void) | undefined)?.(error),
    );
    return undefined;
  }

  override keepSocketAlive(socket: Duplex): boolean {
    if (this.#idle.size >= this.#mostIdle) return false;
    // It answers whether the peer keeps the connection long enough, which the types do not say.
    if ((super.keepSocketAlive(socket) as unknown) === false) return false;
    const forget = () => void this.#idle.delete(socket);
    this.#idle.set(socket, forget);
    socket.once('close', forget);
    return true;
  }

  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    const forget = this.#idle.get(socket);
    if (forget !== undefined) socket.off('close', forget);
    this.#idle.delete(socket);
    super.reuseSocket(socket, request);
  }

  get idle(): number {
    return this.#idle.size;
  }
}
