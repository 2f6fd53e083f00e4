import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { moveRestoreMark, restoreMark } from '../administration/restore-mark.table.ts';
import { type RestoredParts, repairRestored } from '../administration/restored-database.ts';
import { type Clock, sleep } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { syncFolder, writeDurably } from '../base/write-durably.ts';

export interface RestoredInput extends RestoredParts {
  /** The data folder. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** How far the mark of the database was, outside of it: a backup that is put back brings another one. */
const MARK_FILE = 'restore-mark';
/** Whoever puts the whole data folder back makes this file: the mark in it is as old as the database. */
const ORDER_FILE = 'restored';
/** A backup that is older than this is noticed. */
const BEAT_MS = 600_000;

/**
 * Notices a database that was put back from a backup, before anything else works on it, and makes it fit to be used. From
 * then on moves the mark by which that is noticed, until it is disposed of.
 */
export async function composeRestored(input: RestoredInput): Promise<AsyncDisposable> {
  const { db, path } = input;
  const mark = readMark(path);
  const isOrdered = existsSync(join(path, ORDER_FILE));
  if (isOrdered || (await restoreMark(db)) < mark) await repair(input, mark);
  await tryToBeat(input);
  const end = new AbortController();
  const beating = keepBeating(input, end.signal);
  return {
    async [Symbol.asyncDispose]() {
      end.abort();
      await beating;
    },
  };
}

async function repair(input: RestoredInput, mark: number): Promise<void> {
  const { log, path } = input;
  log.warn(
    'The database was put back from a backup. Positions of syncs and device lists jump ahead, one-time keys that may have ' +
      'been given out are not given out again, and other servers are asked for what is missing in rooms. Devices that were ' +
      'logged out since the backup are logged in again: see docs/backups.md.',
  );
  await repairRestored(input, mark);
  rmSync(join(path, ORDER_FILE), { force: true });
  syncFolder(path);
}

async function keepBeating(input: RestoredInput, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(input.clock, BEAT_MS, signal);
    if (signal.aborted) return;
    await tryToBeat(input);
  }
}

/** On a full disk a server starts all the same, and is read. */
async function tryToBeat(input: RestoredInput): Promise<void> {
  await beat(input).catch(error =>
    input.log.warn('The mark by which a restored database is noticed could not be moved.', { err: error }),
  );
}

/** First in the database: a mark that is ahead of it says that it was put back. */
async function beat({ db, path }: RestoredInput): Promise<void> {
  writeDurably(join(path, MARK_FILE), `${await db.tx(tx => moveRestoreMark(tx))}\n`);
}

function readMark(path: string): number {
  const file = join(path, MARK_FILE);
  const mark = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  return Number.isSafeInteger(mark) ? mark : 0;
}
