import type { Mark, RunCounter } from '../run-counter.ts';

interface Change {
  readonly userNid: number;
  readonly mark: Mark;
}

/** Remembers the latest changes of users, to tell who changed since a token. */
export class ChangeLog {
  readonly #counter: RunCounter;
  readonly #most: number;
  /** The oldest first. */
  #changes: Change[] = [];
  /** All changes after this one are remembered. */
  #completeFrom: Mark;

  constructor(counter: RunCounter, most: number) {
    this.#counter = counter;
    this.#most = most;
    this.#completeFrom = counter.mark;
  }

  /** `told`: the stamp of the change, where another process made it. */
  add(userNid: number, told?: number): Mark {
    const mark = this.#counter.next(told);
    this.#changes.push({ userNid, mark });
    if (this.#changes.length > 2 * this.#most) this.#cut();
    return mark;
  }

  #cut(): void {
    const dropped = this.#changes.slice(0, -this.#most);
    const { serial } = dropped.at(-1)?.mark ?? this.#completeFrom;
    this.#completeFrom = { serial, stamp: Math.max(...dropped.map(({ mark }) => mark.stamp)) };
    this.#changes = this.#changes.slice(-this.#most);
  }

  /** Who changed after a token; undefined when that is not known. */
  after(token: string | undefined): Set<number> | undefined {
    if (this.#counter.isCurrent(token)) return new Set();
    const isNewer = this.#counter.newerThan(token);
    if (isNewer(this.#completeFrom)) return undefined;
    return new Set(this.#changes.filter(({ mark }) => isNewer(mark)).map(({ userNid }) => userNid));
  }
}
