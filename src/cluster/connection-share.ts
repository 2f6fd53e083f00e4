/** No process has fewer. */
export const LEAST_CONNECTIONS = 2;
/** What others give up is closed by then: a beat, and the time for which a pool keeps what it does not use. */
const CLOSED_AFTER_MS = 15_000;

/**
 * How many of the connections to the database that all processes share are this process's: an equal part. Who has to give
 * some up does so at once; who may have more takes them when the others have closed theirs. So the sum is never exceeded,
 * as long as each can have the least.
 */
export class ConnectionShare {
  readonly #total: number;
  #allowed = LEAST_CONNECTIONS;
  #wanted = LEAST_CONNECTIONS;
  #wantedSince = 0;

  constructor(total: number) {
    this.#total = total;
  }

  /** With so many processes, at a time in milliseconds. */
  among(processes: number, now: number): number {
    const part = Math.max(LEAST_CONNECTIONS, Math.floor(this.#total / Math.max(processes, 1)));
    if (part !== this.#wanted) this.#wantedSince = now;
    this.#wanted = part;
    if (part < this.#allowed || now - this.#wantedSince >= CLOSED_AFTER_MS) this.#allowed = part;
    return this.#allowed;
  }
}
