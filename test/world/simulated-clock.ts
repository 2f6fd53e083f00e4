import type { Clock, Timer } from '../../src/base/clock.ts';

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

const START = 1_700_000_000_000;

/** The time of a world: it stands still until `fire` takes it to the next timer. */
export class SimulatedTime {
  /** Counts everything that happens, so that a standstill can be seen. */
  activity = 0;
  #now = START;
  #order = 0;
  readonly #pending = new Map<number, Pending>();

  get now(): number {
    return this.#now;
  }

  /** A clock of one life of one server: what it waits for ends with `signal`. */
  clock(signal: AbortSignal, skewMs = 0): Clock {
    return {
      now: () => Math.floor(this.#now) + skewMs,
      monotonic: () => this.#now,
      after: (ms, run) => this.after(ms, () => signal.aborted || run()),
    };
  }

  after(ms: number, run: () => void): Timer {
    const order = this.#order++;
    this.#pending.set(order, { at: this.#now + Math.max(0, ms), order, run });
    return { cancel: () => void this.#pending.delete(order) };
  }

  /** When the next timer is due; undefined when nothing waits. */
  get next(): number | undefined {
    return this.#first()?.at;
  }

  /** Goes on to the next timer and runs it. */
  fire(): void {
    const first = this.#first();
    if (first === undefined) return;
    this.#pending.delete(first.order);
    this.#now = Math.max(this.#now, first.at);
    this.activity++;
    first.run();
  }

  /** Goes on to a moment that lies before the next timer. */
  skipTo(at: number): void {
    this.#now = Math.max(this.#now, at);
  }

  #first(): Pending | undefined {
    let first: Pending | undefined;
    for (const each of this.#pending.values())
      if (first === undefined || each.at < first.at || (each.at === first.at && each.order < first.order)) first = each;
    return first;
  }
}
