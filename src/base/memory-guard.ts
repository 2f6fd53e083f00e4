import type { Budget } from './budget.ts';
import type { Clock, Timer } from './clock.ts';
import type { Log } from './log.ts';

/** How much of the memory is used: below 70 %, from 70, from 80, from 90 % on; of little memory, from later on. */
export type MemoryLevel = 'calm' | 'tight' | 'short' | 'critical';

export interface MemoryReading {
  /** Whose memory: `process`, `cgroup`, or `board`, the machine. */
  readonly of: string;
  /** In bytes. */
  readonly used: number;
  readonly limit: number;
}

export interface MemoryGuardParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly budget: Budget;
  /** What the program takes before it holds anything, in bytes. */
  readonly program: number;
  readonly read: () => readonly MemoryReading[];
  /** Collects garbage and gives memory back to the system: dear, so not called often. */
  readonly collect: () => void;
  /** Gives back what was freed already: cheap, called whenever much has come. */
  readonly giveBack: () => void;
  /** Called while nothing helps. */
  readonly onHopeless: () => void;
}

/**
 * Where levels begin, as a part of the limit, and as a part of what the program itself leaves of it: the later of the two
 * counts. Of 256 MiB they are the same; a server that nobody uses takes 70 % of 128 MiB.
 */
const LEVELS: readonly { readonly level: MemoryLevel; readonly from: number; readonly ofRoom: number }[] = [
  { level: 'critical', from: 0.9, ofRoom: 5 / 6 },
  { level: 'short', from: 0.8, ofRoom: 2 / 3 },
  { level: 'tight', from: 0.7, ofRoom: 1 / 2 },
];
/** A level is left for a lower one this far below its beginning, so that it does not flutter. */
const HYSTERESIS = 0.04;
/** From this use on it is looked at more often. */
const WATCHED_FROM = 0.6;
const SELDOM_MS = 1000;
const OFTEN_MS = 200;
/** Between two collections; doubled up to the longest while they bring little and nothing comes to what they left. */
const SHORTEST_PAUSE_MS = 5000;
const LONGEST_PAUSE_MS = 120_000;
/** A collection that brings less than this part of the limit was not worth it. When as much has come since, one may be. */
const WORTH_IT = 0.03;
/** So long critical, in spite of everything: it will not get better. */
const HOPELESS_MS = 30_000;
const LEAST_CACHES = 1 / 8;

export function rank(level: MemoryLevel): number {
  const at = LEVELS.findIndex(each => each.level === level);
  return at < 0 ? 0 : LEVELS.length - at;
}

/**
 * Watches used memory against its limit, for the process and the control group that it runs in. Garbage is collected
 * first; what is then still used counts. From `tight` on, new work that needs much is refused or waits (`Admission`); from
 * `short` on, caches are halved, again and again; `critical` is told to those who wait, who are to come back later.
 */
export class MemoryGuard implements Disposable {
  readonly #parts: MemoryGuardParts;
  readonly #listeners = new Set<(level: MemoryLevel) => void>();
  #level: MemoryLevel = 'calm';
  #worst: MemoryReading = { of: 'process', used: 0, limit: 1 };
  #timer: Timer | undefined;
  #collectedAt = Number.NEGATIVE_INFINITY;
  #pauseMs = SHORTEST_PAUSE_MS;
  /** What the last collection left, as a part of the limit. */
  #left = 0;
  /** The same of the last time that something was given back. */
  #lean = 0;
  #cacheScale = 1;
  #scaleAgainAt = 0;
  #criticalSince: number | undefined;

  constructor(parts: MemoryGuardParts) {
    this.#parts = parts;
  }

  get level(): MemoryLevel {
    return this.#level;
  }

  /** What is closest to its limit. */
  get worst(): MemoryReading {
    return this.#worst;
  }

  /** Looks from now on, a few times a second. */
  start(): void {
    this.check();
    this.#timer = this.#parts.clock.after(this.#ratio() < WATCHED_FROM ? SELDOM_MS : OFTEN_MS, () => this.start());
  }

  /** Calls back at each change of level, until disposed of. */
  onChange(listener: (level: MemoryLevel) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Looks now. */
  check(): void {
    this.#read();
    this.#giveBack();
    if (rank(this.#levelOf(this.#ratio())) > 0) this.#collect();
    const level = this.#levelNow();
    this.#scaleCaches(level);
    this.#watchCritical(level);
    if (level === this.#level) return;
    this.#tell(level);
    this.#level = level;
    for (const listener of this.#listeners) listener(level);
  }

  #read(): void {
    const readings = this.#parts.read();
    this.#worst = readings.reduce((a, b) => (b.used / b.limit > a.used / a.limit ? b : a), readings[0] ?? this.#worst);
  }

  #ratio(): number {
    return this.#worst.used / this.#worst.limit;
  }

  /** What was freed is in the way of nobody here, but others could use it. */
  #giveBack(): void {
    this.#lean = Math.min(this.#lean, this.#ratio());
    if (this.#ratio() - this.#lean < WORTH_IT) return;
    this.#parts.giveBack();
    this.#read();
    this.#lean = this.#ratio();
  }

  #collect(): void {
    const now = this.#parts.clock.monotonic();
    const before = this.#ratio();
    const pauseMs = before - this.#left >= WORTH_IT ? SHORTEST_PAUSE_MS : this.#pauseMs;
    if (now - this.#collectedAt < pauseMs) return;
    this.#parts.collect();
    this.#read();
    this.#collectedAt = now;
    this.#left = this.#ratio();
    const helped = before - this.#left >= WORTH_IT;
    this.#pauseMs = helped ? SHORTEST_PAUSE_MS : Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
  }

  #levelOf(ratio: number): MemoryLevel {
    const program = this.#parts.program / this.#worst.limit;
    const room = Math.max(0, 1 - program);
    return LEVELS.find(({ from, ofRoom }) => ratio >= Math.max(from, program + ofRoom * room))?.level ?? 'calm';
  }

  #levelNow(): MemoryLevel {
    const ratio = this.#ratio();
    const up = this.#levelOf(ratio);
    if (rank(up) >= rank(this.#level)) return up;
    const down = this.#levelOf(ratio + HYSTERESIS);
    return rank(down) < rank(this.#level) ? down : this.#level;
  }

  /** Half at once, and half of that again while it does not help; back in the same steps when there is room. */
  #scaleCaches(level: MemoryLevel): void {
    const now = this.#parts.clock.monotonic();
    if (now < this.#scaleAgainAt) return;
    const isShort = rank(level) >= rank('short');
    const scale = isShort ? Math.max(this.#cacheScale / 2, LEAST_CACHES) : Math.min(this.#cacheScale * 2, 1);
    if (scale === this.#cacheScale || (!isShort && level !== 'calm')) return;
    this.#cacheScale = scale;
    this.#scaleAgainAt = now + SHORTEST_PAUSE_MS;
    this.#parts.budget.scaleCaches(scale);
  }

  #watchCritical(level: MemoryLevel): void {
    const now = this.#parts.clock.monotonic();
    if (level !== 'critical') this.#criticalSince = undefined;
    else this.#criticalSince ??= now;
    if (this.#criticalSince === undefined || now - this.#criticalSince < HOPELESS_MS) return;
    this.#criticalSince = now;
    this.#parts.onHopeless();
  }

  #tell(level: MemoryLevel): void {
    const { of, used, limit } = this.#worst;
    const facts = { memory: level, of, used, limit };
    const percent = Math.round((100 * used) / limit);
    if (rank(level) < rank(this.#level)) this.#parts.log.info(`Memory: ${percent} % are used, ${WORDS[level]}`, facts);
    else this.#parts.log.warn(`Memory: ${percent} % are used, ${WORDS[level]}`, facts);
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
    this.#listeners.clear();
  }
}

const WORDS: Readonly<Record<MemoryLevel, string>> = {
  calm: 'all is served again.',
  tight: 'no new initial syncs are served, and joins of rooms wait. Should this last, give it more (`memory`).',
  short: 'caches are halved. Give it more (`memory`).',
  critical: 'those who wait are sent away, and what needs much is refused. Give it more (`memory`).',
};
