import type { Clock } from '../../base/clock.ts';

const HOUR_MS = 3_600_000;

/** What each user may use of something in an hour. Holds a number for each user of the current hour. */
export class HourlyBudget {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #used = new Map<number, number>();
  #hour = 0;

  constructor(clock: Clock, most: number) {
    this.#clock = clock;
    this.#most = most;
  }

  isSpent(userNid: number): boolean {
    this.#turn();
    return (this.#used.get(userNid) ?? 0) >= this.#most;
  }

  add(userNid: number, amount: number): void {
    this.#turn();
    this.#used.set(userNid, (this.#used.get(userNid) ?? 0) + amount);
  }

  #turn(): void {
    const hour = Math.floor(this.#clock.now() / HOUR_MS);
    if (hour === this.#hour) return;
    this.#hour = hour;
    this.#used.clear();
  }
}
