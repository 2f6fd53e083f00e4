import type { NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../base/clock.ts';
import type { Encoded } from './wire.ts';

/**
 * What may be on its way without the server having answered that it came. More is not sent: a server that stands still
 * would let it grow in this process without an end.
 */
export const WINDOW_BYTES = 4 * 2 ** 20;
/** The protocol's words around a message, and the bookkeeping of one that waits. */
const OVERHEAD_BYTES = 128;
/** The server is asked whether it keeps up whenever so much was sent. */
const ASK_BYTES = WINDOW_BYTES / 16;

export type Sent = 'sent' | 'full' | 'refused';

/** One connection to a NATS server while it lasts. */
export class NatsSession {
  readonly #connection: NatsConnection;
  readonly #clock: Clock;
  #unanswered = 0;
  #sinceAsked = 0;
  #askedAt: number | undefined;

  constructor(connection: NatsConnection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  send({ subject, payload }: Encoded): Sent {
    const bytes = subject.length + payload.byteLength + OVERHEAD_BYTES;
    if (this.#unanswered + bytes > WINDOW_BYTES) return 'full';
    try {
      this.#connection.publish(subject, payload);
    } catch {
      // It is larger than this server takes, or the connection has ended just now.
      return 'refused';
    }
    this.#unanswered += bytes;
    this.#sinceAsked += bytes;
    if (this.#sinceAsked > ASK_BYTES) this.ask();
    return 'sent';
  }

  /** Asks the server for a sign that everything sent so far has come, unless it owes one already. */
  ask(): void {
    if (this.#askedAt !== undefined) return;
    const covered = this.#unanswered;
    this.#askedAt = this.#clock.monotonic();
    this.#sinceAsked = 0;
    this.#connection.flush().then(
      () => {
        this.#unanswered -= covered;
        this.#askedAt = undefined;
        if (this.#sinceAsked > ASK_BYTES) this.ask();
      },
      () => undefined,
    );
  }

  /** For how many milliseconds the server has owed an answer. */
  get waitedMs(): number {
    return this.#askedAt === undefined ? 0 : this.#clock.monotonic() - this.#askedAt;
  }
}
