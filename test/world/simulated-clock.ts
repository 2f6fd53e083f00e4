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

  /** A clock of one life of one server: what it waits for ends with `signal`. `skewMs`: how far it is ahead by then. */
  clock(signal: AbortSignal, skewMs: () => number): Clock {
    return {
      now: () => Math.floor(this.#now) + skewMs(),
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
    let next: number | undefined;
    for (const { at } of this.#pending.values()) if (next === undefined || at < next) next = at;
    return next;
  }

  /** Goes on to the next timer and runs it, with all others of that moment in their order. */
  fire(): void {
    const { next } = this;
    if (next === undefined) return;
    this.#now = Math.max(this.#now, next);
    this.activity++;
    // One that is run may cancel another.
    const due = [...this.#pending.values()].filter(({ at }) => at === next).map(({ order }) => order);
    for (const order of due) {
      const timer = this.#pending.get(order);
      this.#pending.delete(order);
      timer?.run();
    }
  }

  /** Goes on to a moment that lies before the next timer. */
  skipTo(at: number): void {
    this.#now = Math.max(this.#now, at);
  }
}
