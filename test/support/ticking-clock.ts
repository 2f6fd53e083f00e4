import type { Clock, Timer } from '../../src/base/clock.ts';

/** A clock that goes on by a millisecond at each look, so that times in tests are known and never equal. */
export class TickingClock implements Clock {
  #now: number;

  constructor(start = 1_700_000_000_000) {
    this.#now = start;
  }

  now(): number {
    return this.#now++;
  }

  monotonic(): number {
    return this.#now++;
  }

  /** Nothing is ever due: tests that need timers have a clock of their own. */
  after(): Timer {
    return { cancel: () => undefined };
  }

  advance(ms: number): void {
    this.#now += ms;
  }
}
