import { type Clock, sleep } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { MoveEnds } from './copy.ts';
import { openSettled, replay } from './replay.ts';

const EVERY_MS = 5000;
const AFTER_FAILURE_MS = 30_000;

export interface WayBackStatus {
  /** When the database that was left had everything last, in milliseconds since the epoch. */
  readonly completeTs: number | undefined;
  /** Why it could not be brought up to date. */
  readonly error: string | undefined;
}

/** Keeps the database that was left up to date, until the move is confirmed: going back takes seconds. */
export class WayBack implements AsyncDisposable {
  readonly ends: MoveEnds;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #status: WayBackStatus = { completeTs: undefined, error: undefined };

  constructor(ends: MoveEnds, { clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.ends = ends;
    this.#clock = clock;
    this.#log = log;
    this.#running = this.#run();
  }

  get status(): WayBackStatus {
    return this.#status;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await sleep(this.#clock, this.#status.error === undefined ? EVERY_MS : AFTER_FAILURE_MS, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      try {
        await this.#round();
      } catch (error) {
        this.#log.warn('The database that was left could not be kept up to date; it is tried again.', { err: error });
        this.#status = { ...this.#status, error: String(error) };
      }
    }
  }

  async #round(): Promise<void> {
    const began = this.#clock.now();
    await using snapshot = await openSettled(this.ends);
    await replay(this.ends, snapshot);
    this.#status = { completeTs: began, error: undefined };
  }

  /** Resolves when nothing is written any more. The databases stay open. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}
