import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { writeDurably } from '../base/write-durably.ts';

/** A life of a process: when it began, and when it ended of its own will; null where it was cut off. */
interface Run {
  readonly started: number;
  readonly ended: number | null;
}

const MOST = 20;

/**
 * The last starts of a process on its data folder, in a file beside the database. What was killed (for want of memory, or
 * with the power) leaves no word of its end. Disposing of it is that word.
 */
export class RunRecord implements Disposable {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #runs: readonly Run[];
  readonly #started: number;

  private constructor(file: string, clock: Clock, runs: readonly Run[]) {
    this.#file = file;
    this.#clock = clock;
    this.#runs = runs.slice(-MOST);
    this.#started = clock.now();
  }

  /** To be called by whoever holds the folder's lock for a process of that name. */
  static begin(folder: string, process: string | undefined, clock: Clock): RunRecord {
    const file = join(folder, process === undefined ? 'runs.json' : `runs-${process}.json`);
    const record = new RunRecord(file, clock, read(file));
    record.#write(null);
    return record;
  }

  /** When runs since a time were cut off, at the latest: when the next one began. */
  cutOff(since: number): readonly number[] {
    const next = [...this.#runs.slice(1).map(({ started }) => started), this.#started];
    return this.#runs.flatMap(({ ended }, at) => {
      const end = next[at] ?? this.#started;
      return ended === null && end >= since ? [end] : [];
    });
  }

  #write(ended: number | null): void {
    const runs: readonly Run[] = [...this.#runs, { started: this.#started, ended }];
    try {
      writeDurably(this.#file, `${JSON.stringify(runs)}\n`);
    } catch {
      // A full disk is told of elsewhere, and keeps nobody from starting.
    }
  }

  [Symbol.dispose](): void {
    this.#write(this.#clock.now());
  }
}

function read(file: string): readonly Run[] {
  try {
    const runs = JSON.parse(readFileSync(file, 'utf8')) as unknown;
    return Array.isArray(runs) ? runs.filter(isRun) : [];
  } catch {
    return [];
  }
}

function isRun(run: unknown): run is Run {
  const { started, ended } = (run ?? {}) as Partial<Run>;
  return typeof started === 'number' && (ended === null || typeof ended === 'number');
}
