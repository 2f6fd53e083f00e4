import type { ClientRequest, ClientRequestArgs } from 'node:http';
import type { Duplex } from 'node:stream';
import { Agent } from '../../base/node-http.ts';
import type { Dial, Dialer } from './dialer.ts';

/** Request options with the way to connect, should no kept connection be free. */
export type DialOptions = ClientRequestArgs & { readonly dial: Dial };

/** A kept connection that nobody uses is closed after this long. */
const IDLE_MS = 50_000;
const MOST_IDLE = 256;
const MOST_IDLE_PER_HOST = 2;

/**
 * Kept connections to other servers, by their `host` option. The oldest idle one is closed when there are too many.
 * It speaks HTTP over what `Dialer` opens, which is TLS already.
 */
export class ConnectionPool extends Agent {
  readonly #dialer: Dialer;
  /** Idle connections, the oldest first, with what takes them out when they close. */
  readonly #idle = new Map<Duplex, () => void>();

  constructor(dialer: Dialer) {
    super({ keepAlive: true, keepAliveMsecs: 30_000, maxFreeSockets: MOST_IDLE_PER_HOST, timeout: IDLE_MS });
    this.#dialer = dialer;
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
    // It answers whether the peer keeps the connection long enough, which the types do not say.
    if ((super.keepSocketAlive(socket) as unknown) === false) return false;
    const forget = () => void this.#idle.delete(socket);
    this.#idle.set(socket, forget);
    socket.once('close', forget);
    if (this.#idle.size > MOST_IDLE) this.#closeOldest();
    return true;
  }

  /** It is forgotten at once: its `close` comes turns later, and until then others become idle. */
  #closeOldest(): void {
    const [oldest] = this.#idle.keys();
    if (oldest === undefined) return;
    this.#idle.delete(oldest);
    oldest.destroy();
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
