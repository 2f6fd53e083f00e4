import type { Clock } from '../base/clock.ts';
import { type Random, randomLetters } from '../base/random.ts';

/** Which change it was: by the count of this process, and by a time that all processes agree on. */
export interface Mark {
  readonly serial: number;
  readonly stamp: number;
}

/**
 * Counts changes of what is in no log (typing, presence), so that a sync token can say which of them a client has seen.
 *
 * Within the run of a process its count says so exactly. To another process the token gives a time: that of the last change
 * that the first one knew of, by a clock that runs ahead of everything it has heard of (a hybrid logical clock), so that
 * clocks of boards that differ do no harm. Who comes from one process to another is told what is newer, and not again and
 * again of what is not; only a change that is on its way between them just then is missed, until the next one.
 */
export class RunCounter {
  /** The name of this run of this process. */
  readonly run: string;
  readonly #clock: Clock;
  #serial = 0;
  #stamp: number;

  constructor({ clock, random }: { readonly clock: Clock; readonly random: Random }) {
    this.#clock = clock;
    this.#stamp = clock.now();
    this.run = randomLetters(random, 6);
  }

  /** The last change. */
  get mark(): Mark {
    return { serial: this.#serial, stamp: this.#stamp };
  }

  /** The next change. `told`: its stamp, where another process made it. */
  next(told?: number): Mark {
    this.#stamp = told === undefined ? Math.max(this.#clock.now(), this.#stamp + 1) : Math.max(this.#stamp, told);
    return { serial: ++this.#serial, stamp: told ?? this.#stamp };
  }

  /** For a sync token: everything up to now. */
  get token(): string {
    return `${this.run}-${this.#serial.toString(36)}-${this.#stamp.toString(36)}`;
  }

  /** Whether nothing has changed since `token` was given out by this run. */
  isCurrent(token: string | undefined): boolean {
    return token === this.token;
  }

  /** Tells which changes are newer than `token`: all of them without one, or with one that no process has made. */
  newerThan(token: string | undefined): (mark: Mark) => boolean {
    const [run, serial = '', stamp = ''] = token?.split('-') ?? [];
    if (run === this.run) {
      const seen = Number.parseInt(serial, 36) || 0;
      return mark => mark.serial > seen;
    }
    const seen = Number.parseInt(stamp, 36) || 0;
    return mark => mark.stamp > seen;
  }
}
