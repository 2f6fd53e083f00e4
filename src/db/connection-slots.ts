import type { Clock, Timer } from '../base/clock.ts';
import { DatabaseUnavailableError } from './database.ts';

interface Waiting {
  readonly isBackground: boolean;
  readonly begin: (slot: Disposable) => void;
  timer: Timer | undefined;
}

/** More than this in line are refused at once. */
const MOST_WAITING = 10_000;
/** Transactions that wait for each other's connections would do so for ever. */
const LONGEST_WAIT_MS = 30_000;

/**
 * Hands out so many connections and no more, in order, those for people first. Work in the background has half of them at
 * the most, so that it never has the last one.
 */
export class ConnectionSlots {
  #most: number;
  readonly #clock: Clock;
  #mostInBackground: number;
  readonly #waiting: { readonly people: Waiting[]; readonly background: Waiting[] } = { people: [], background: [] };
  #used = 0;
  #usedInBackground = 0;

  constructor(most: number, clock: Clock) {
    this.#most = most;
    this.#clock = clock;
    this.#mostInBackground = halfOf(most);
  }

  /** From now on; what is in use above that is not taken away. */
  resize(most: number): void {
    this.#most = most;
    this.#mostInBackground = halfOf(most);
    this.#next();
  }

  /** How many are in use, and how much waits for one. */
  get usage(): { readonly used: number; readonly waiting: number } {
    return { used: this.#used, waiting: this.#waiting.people.length + this.#waiting.background.length };
  }

  /** Resolves when there is one; disposing of what comes back gives it back. @throws DatabaseUnavailableError */
  take(isBackground: boolean): Promise<Disposable> {
    const line = isBackground ? this.#waiting.background : this.#waiting.people;
    if (line.length >= MOST_WAITING) return Promise.reject(none('too much waits'));
    return new Promise((begin, refuse) => {
      const waiting: Waiting = { isBackground, begin, timer: undefined };
      line.push(waiting);
      this.#next();
      if (line.at(-1) !== waiting) return;
      waiting.timer = this.#clock.after(LONGEST_WAIT_MS, () => {
        const at = line.indexOf(waiting);
        if (at < 0) return;
        line.splice(at, 1);
        refuse(none('none became free in time'));
      });
    });
  }

  #next(): void {
    const { people, background } = this.#waiting;
    while (this.#used < this.#most) {
      const mayWork = this.#usedInBackground < this.#mostInBackground;
      const next = people.shift() ?? (mayWork ? background.shift() : undefined);
      if (next === undefined) return;
      next.timer?.cancel();
      next.begin(this.#slot(next.isBackground));
    }
  }

  #slot(isBackground: boolean): Disposable {
    this.#used++;
    if (isBackground) this.#usedInBackground++;
    let isGiven = true;
    return {
      [Symbol.dispose]: () => {
        if (!isGiven) return;
        isGiven = false;
        this.#used--;
        if (isBackground) this.#usedInBackground--;
        this.#next();
      },
    };
  }
}

function halfOf(most: number): number {
  return Math.max(1, Math.floor(most / 2));
}

function none(reason: string): DatabaseUnavailableError {
  return new DatabaseUnavailableError(`there is no connection to PostgreSQL: ${reason}`, undefined);
}
