import { type Clock, sleep } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Bus } from '../bus/bus.ts';
import { type Database, DatabaseUnavailableError } from '../db/database.ts';
import { moveReader, readerPositions } from './log-reader.table.ts';
import { LOG_SUBJECT, type LogEntry, logBetween, logHeads } from './room-log.table.ts';

/** The bus may lose a message. */
const LOOK_ANYWAY_MS = 60_000;
const AFTER_FAILURE_MS = 5000;
/** Entries of one transaction: small, because others wait for it. */
const AT_ONCE = 100;
/** So much of what was passed by is read again after a crash, or holds up those who wait for a reader. */
const NOTE_AFTER_MS = 2000;

export interface LogLoopParts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
}

export interface LogLoop {
  /** Takes in everything that is in the logs now. */
  catchUp(signal: AbortSignal): Promise<void>;
  /** Entries come in swarms: after the first one, so long is waited for the others. */
  readonly calmMs?: number;
  /** What the log says when `catchUp` throws; it is called again a little later. */
  readonly failure: string;
  /** What passes entries by: has its position stored now and then, and at the end. */
  readonly reader?: Pick<LogReader, 'isAhead' | 'note' | 'settled'>;
}

/** Calls `catchUp` whenever something came into the room logs, until `signal` aborts. */
export async function followLogs({ bus, clock, log }: LogLoopParts, loop: LogLoop, signal: AbortSignal): Promise<void> {
  let woken = new AbortController();
  let notedAt = clock.monotonic();
  using _ = bus.subscribe(LOG_SUBJECT, () => woken.abort());
  using __ = bus.missed(() => woken.abort());
  while (!signal.aborted) {
    woken = new AbortController();
    try {
      await loop.catchUp(signal);
      if (loop.reader?.isAhead === true && clock.monotonic() - notedAt >= NOTE_AFTER_MS) {
        notedAt = clock.monotonic();
        await loop.reader.note();
      }
      const longest = loop.reader?.isAhead === true ? NOTE_AFTER_MS : LOOK_ANYWAY_MS;
      await sleep(clock, longest, AbortSignal.any([woken.signal, signal]));
      if (loop.calmMs !== undefined) await sleep(clock, loop.calmMs, signal);
    } catch (error) {
      log.warn(loop.failure, { err: error });
      await sleep(clock, AFTER_FAILURE_MS, signal);
    }
  }
  await loop.reader?.settled();
  // Else what was passed by is read again at the next start.
  await loop.reader?.note().catch(() => undefined);
}

/** From behind one position of a shard's log up to another. */
export interface LogMove {
  readonly from: number;
  readonly to: number;
}

/** What is done with the entries of the room logs. */
export interface LogReading {
  /** The name under which the positions are kept. */
  readonly name: string;
  /**
   * Takes entries of a shard and moves the position (`moveReader`), both in one transaction; false where another
   * process was first, and `passed` where there was nothing to write and the position was left alone (`note` moves it).
   * What it throws is tried entry by entry, and what throws alone is left out by a call without it.
   */
  write(shard: number, entries: readonly LogEntry[], move: LogMove): Promise<boolean | 'passed'>;
  /** Learns how far it has come in a shard, whenever that is read. */
  at?(shard: number, position: number): void;
  /** What the log says when an entry is left out. */
  readonly leftOut: string;
}

/** Reads the room logs in order, each entry once; a durable position per shard says how far it has come. */
export class LogReader {
  readonly #parts: { readonly db: Database; readonly log: Log };
  readonly #reading: LogReading;
  /** What was passed by, by shard: from the stored position on. */
  readonly #passed = new Map<number, LogMove>();
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(parts: { readonly db: Database; readonly log: Log }, reading: LogReading) {
    this.#parts = parts;
    this.#reading = reading;
  }

  /** Resolves when everything that is in the logs now is read; with what another call already does, if it began later. */
  catchUp(signal?: AbortSignal): Promise<void> {
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        this.#running = this.#pass(signal);
        return this.#running;
      });
    return this.#next;
  }

  /** Resolves when nothing is being read. */
  async settled(): Promise<void> {
    await this.#running.catch(() => undefined);
  }

  /** Whether it has come further than is stored. */
  get isAhead(): boolean {
    return this.#passed.size > 0;
  }

  /** Stores how far it has come. Not while it reads. */
  async note(): Promise<void> {
    const passed = [...this.#passed];
    this.#passed.clear();
    if (passed.length === 0) return;
    await this.#parts.db.tx(async tx => {
      for (const [shard, move] of passed) await moveReader(tx, this.#reading.name, shard, move);
    });
  }

  async #pass(signal: AbortSignal | undefined): Promise<void> {
    const { db } = this.#parts;
    const positions = await readerPositions(db, this.#reading.name);
    for (const [shard, head] of (await logHeads(db)).entries()) {
      let stored = positions.get(shard) ?? 0;
      const passed = this.#passed.get(shard);
      // Where another process has moved it, that counts.
      let from = passed?.from === stored ? passed.to : stored;
      this.#reading.at?.(shard, from);
      while (from < head && !signal?.aborted) {
        const entries = await logBetween(db, shard, from, head, AT_ONCE);
        const to = entries.at(-1)?.pos ?? head;
        const now = await this.#take(shard, entries, { from: stored, to });
        if (now === undefined) break;
        [stored, from] = [now, to];
        if (stored < to) this.#passed.set(shard, { from: stored, to });
        else this.#passed.delete(shard);
      }
    }
  }

  /**
   * What cannot be read is left out, so that it holds up nothing. Answers the position that is stored then; undefined
   * where another process was first.
   */
  async #take(shard: number, entries: readonly LogEntry[], move: LogMove): Promise<number | undefined> {
    try {
      return after(move, await this.#reading.write(shard, entries, move));
    } catch (error) {
      if (error instanceof DatabaseUnavailableError) throw error;
      const [only] = entries;
      if (entries.length > 1) return this.#oneByOne(shard, entries, move);
      this.#parts.log.error(this.#reading.leftOut, { err: error, ...only });
      return after(move, await this.#reading.write(shard, [], move));
    }
  }

  async #oneByOne(shard: number, entries: readonly LogEntry[], move: LogMove): Promise<number | undefined> {
    let { from } = move;
    for (const entry of entries) {
      const now = await this.#take(shard, [entry], { from, to: entry.pos });
      if (now === undefined) return undefined;
      from = now;
    }
    return from;
  }
}

/** The position that is stored after entries were written. */
function after({ from, to }: LogMove, outcome: boolean | 'passed'): number | undefined {
  if (outcome === 'passed') return from;
  return outcome ? to : undefined;
}
