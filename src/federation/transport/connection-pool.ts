import type { ClientRequest, ClientRequestArgs } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Budget, BudgetedCache } from '../../base/budget.ts';
import { ByteCache } from '../../base/byte-cache.ts';
import type { Clock } from '../../base/clock.ts';
import { Agent } from '../../base/node-http.ts';
import type { Dial, Dialer } from './dialer.ts';

/** Request options with the way to connect, should no kept connection be free. */
export type DialOptions = ClientRequestArgs & { readonly dial: Dial };

/** A kept connection that nobody uses is closed after this long. */
const IDLE_MS = 50_000;
const MOST_IDLE_PER_HOST = 2;
/** What an idle connection takes: 54 kB of them TLS. */
const BYTES_IDLE = 60 * 1024;
const DIALS_BYTES = 60;
/** The part of the budget that idle connections may take, and how many there may be in any case. */
const SHARE = 1 / 20;
/** The same, of what is free of the budget, where others are connected to again and again. */
const SHARE_OFTEN = 1 / 6;
/** So many connections to a server in a row are often: joining a room makes three. */
const OFTEN = 4;
export const LEAST_IDLE = 32;
export const MOST_IDLE = 256;

/** How many connections may be kept in so many bytes. */
function idleIn(bytes: number): number {
  return Math.max(LEAST_IDLE, Math.min(MOST_IDLE, Math.floor(bytes / BYTES_IDLE)));
}

/** How many connections may be kept, whoever they are to, and those to servers that are connected to often. */
export function idleConnections({ bytes, free }: Pick<Budget, 'bytes' | 'free'>) {
  const any = idleIn(bytes * SHARE);
  return { any, often: Math.max(any, idleIn(free * SHARE_OFTEN)) };
}

export interface ConnectionPoolParts {
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly budget: Budget;
}

/** Connections to a server in a row, each within the time that the one before would have been kept. */
interface Dials {
  readonly at: number;
  readonly times: number;
}

/**
 * Kept connections to other servers, by their `host` option. When there are enough, no more are kept: what goes to all
 * servers of a room goes to them in the same order each time, and closing the oldest one would close each before it was
 * used again. More are kept to servers that would be connected to again and again. What they take is charged to the budget as
 * a cache: they are closed where memory is short. It speaks HTTP over what `Dialer` opens, which is TLS already.
 */
export class ConnectionPool extends Agent implements BudgetedCache {
  readonly name = 'federation_connections';
  readonly weight = 60;
  readonly #dialer: Dialer;
  readonly #clock: Clock;
  readonly #budget: Budget;
  readonly #charge: (bytes: number) => void;
  /** Idle connections, with what takes them out when they close. */
  readonly #idle = new Map<Duplex, () => void>();
  /** By `host`. */
  readonly #dials: ByteCache<Dials>;
  /** Connections to servers that are connected to often. */
  readonly #often = new WeakSet<Duplex>();
  /** Idle ones to others. */
  #idleSeldom = 0;

  constructor({ dialer, clock, budget }: ConnectionPoolParts) {
    super({ keepAlive: true, keepAliveMsecs: 30_000, maxFreeSockets: MOST_IDLE_PER_HOST, timeout: IDLE_MS });
    this.#dialer = dialer;
    this.#clock = clock;
    this.#budget = budget;
    this.#charge = budget.addCache(this);
    this.#dials = new ByteCache({ name: 'federation_dials', budget, weight: 5, sizeOf: () => DIALS_BYTES });
  }

  override createConnection(
    options: ClientRequestArgs,
    done?: (error: Error | null, socket: Duplex) => void,
  ): Duplex | undefined {
    const { dial, host } = options as DialOptions;
    const isOften = this.#countDial(host ?? '') >= OFTEN;
    this.#dialer.connect(dial).then(
      socket => {
        if (isOften) this.#often.add(socket);
        done?.(null, socket.setNoDelay(true));
      },
      // The types know no failure without a socket; Node's own code does.
      (error: Error) => (done as ((error: Error) => void) | undefined)?.(error),
    );
    return undefined;
  }

  override keepSocketAlive(socket: Duplex): boolean {
    if (!this.#hasPlace(socket)) return false;
    // It answers whether the peer keeps the connection long enough, which the types do not say.
    if ((super.keepSocketAlive(socket) as unknown) === false) return false;
    const forget = () => this.#forget(socket);
    this.#idle.set(socket, forget);
    socket.once('close', forget);
    if (!this.#often.has(socket)) this.#idleSeldom++;
    this.#charge(BYTES_IDLE);
    // Charging it may have closed it.
    return this.#idle.has(socket);
  }

  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    this.#forget(socket);
    super.reuseSocket(socket, request);
  }

  #hasPlace(socket: Duplex): boolean {
    const { any, often } = idleConnections(this.#budget);
    while (this.#idle.size > often) this.dropOldest();
    return this.#idle.size < often && (this.#often.has(socket) || this.#idleSeldom < any);
  }

  /** How often this server was connected to lately, this time included. */
  #countDial(host: string): number {
    const now = this.#clock.monotonic();
    const last = this.#dials.get(host);
    const times = last !== undefined && now - last.at < IDLE_MS ? last.times + 1 : 1;
    this.#dials.set(host, { at: now, times });
    return times;
  }

  #forget(socket: Duplex): void {
    const forget = this.#idle.get(socket);
    if (forget === undefined) return;
    socket.off('close', forget);
    this.#idle.delete(socket);
    if (!this.#often.has(socket)) this.#idleSeldom--;
    this.#charge(-BYTES_IDLE);
  }

  /** Closes the one that is idle for the longest time. */
  dropOldest(): boolean {
    for (const socket of this.#idle.keys()) {
      this.#forget(socket);
      socket.destroy();
      return true;
    }
    return false;
  }

  get bytes(): number {
    return this.#idle.size * BYTES_IDLE;
  }

  get idle(): number {
    return this.#idle.size;
  }
}
