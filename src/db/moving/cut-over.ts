import { type Clock, sleep } from '../../base/clock.ts';
import type { Tx } from '../database.ts';
import type { SwitchableDatabase } from '../switchable.ts';
import { lockTables, setRole } from './capture.ts';
import type { MoveEnds } from './copy.ts';
import { MoveError } from './move-error.ts';
import { numbersGiven, setNumbersGiven } from './numbering.ts';
import { differencesOf, openSettled, replay } from './replay.ts';

export interface CutOver {
  readonly ends: MoveEnds;
  readonly db: SwitchableDatabase;
  readonly clock: Clock;
  /** Writers wait no longer than this; then they go on with the source. */
  readonly mostPauseMs: number;
  /** The moment from which the target is the database, also after a crash: durable when it returns. */
  readonly commit: () => void;
  /** What has to be noted in the target before anybody writes to it. */
  readonly admit: (tx: Tx) => Promise<void>;
}

/** The last changes did not come over in time: the source is as it was, and it can be tried again. */
export class PauseTooLongError extends MoveError {}

const AGAIN_MS = 300;

/**
 * Has the writers go on with the target. Until `commit` has returned the source is the database and whole, whatever
 * happens; from then on it is the target. Between them nobody can write to either.
 *
 * Resolves to how long the writers waited, in milliseconds. @throws PauseTooLongError, MoveError
 */
export async function cutOver(parts: CutOver): Promise<number> {
  const { ends, db, clock, mostPauseMs } = parts;
  const began = clock.monotonic();
  using held = await db.hold();
  const stop = new AbortController();
  const work = finish(ends).finally(() => stop.abort());
  // Whoever waits longer than that has to be let go, and what hangs must not write the mark when it comes back.
  await Promise.race([
    work.catch(() => undefined),
    sleep(clock, mostPauseMs - (clock.monotonic() - began), stop.signal),
  ]);
  const isLate = clock.monotonic() - began >= mostPauseMs;
  try {
    if (isLate) throw new PauseTooLongError(`The last changes took longer than ${mostPauseMs} ms.`);
    await work;
    parts.commit();
  } catch (error) {
    await until(clock, () => ends.source.tx(tx => setRole(tx, 'source')));
    held[Symbol.dispose]();
    await work.catch(() => undefined);
    throw error;
  }
  held.replace(ends.target);
  await until(clock, () => ends.target.tx(parts.admit));
  return clock.monotonic() - began;
}

async function finish(ends: MoveEnds): Promise<void> {
  const { source, target, tables } = ends;
  await source.tx(async tx => {
    await lockTables(tx, source.dialect, tables);
    await setRole(tx, 'leaving');
  });
  await using snapshot = await openSettled(ends);
  const { keys } = await replay(ends, snapshot, true);
  const differences = await differencesOf(ends, snapshot, keys);
  if (differences.length > 0)
    throw new MoveError(`Rows differ after they were written: ${differences.slice(0, 5).join(', ')}.`);
  const given = await numbersGiven(snapshot, source.dialect, tables);
  await target.tx(tx => setNumbersGiven(tx, target.dialect, tables, given));
}

/** Nothing else would be right: what fails is tried again. */
async function until(clock: Clock, work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await work();
    } catch {
      await sleep(clock, AGAIN_MS);
    }
  }
}
