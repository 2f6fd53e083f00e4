import { isDeepStrictEqual } from 'node:util';
import { type Clock, sleep } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { BoardHome } from '../cluster/agent/board-home.ts';
import { putSettingsNumber, settingsNumber } from '../cluster/boards/assignment.table.ts';
import type { HandedSettings } from '../cluster/joining/handed-settings.ts';
import type { SharedFile } from '../config/shared-settings.ts';
import { MatrixError } from '../core/matrix-error.ts';
import type { Database } from '../db/database.ts';

export interface HandingInput {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  /** The data folder. */
  readonly data: string;
  /** As they stand in the file now. @throws for settings that are none */
  readonly read: () => SharedFile[];
}

/** The file is looked at this often. */
const LOOK_MS = 5000;

/**
 * On the board with which the cluster began, where the settings are written: tells the others when they have changed, until
 * `signal` aborts. Settings that cannot be read are told to nobody, and the boards keep those that they have.
 */
export async function announceChanges(input: HandingInput, signal: AbortSignal): Promise<void> {
  const { clock, log } = input;
  let told = '';
  while (!signal.aborted) {
    try {
      await announce(input);
      told = '';
    } catch (error) {
      const { message } = error as Error;
      if (message !== told) log.warn(`Other boards keep the settings that they have: ${message}`);
      told = message;
    }
    await sleep(clock, LOOK_MS, signal);
  }
}

/** The number stands in the database, and what stands in them does not: boards fetch that from each other. */
async function announce({ db, data, read, log }: HandingInput): Promise<void> {
  const home = new BoardHome(data);
  const files = read();
  const [kept, told] = [home.settings(), await settingsNumber(db)];
  const isNew = kept === undefined || !isDeepStrictEqual(kept.files, files);
  const number = Math.max(told, kept?.number ?? 0) + Number(isNew);
  if (isNew) home.noteSettings({ number, files });
  if (number === told) return;
  await db.tx(tx => putSettingsNumber(tx, number));
  if (kept !== undefined) log.info('The settings have changed. The boards take them, one after the other.', { number });
}

/** What this board has, for another one. @throws MatrixError M_NOT_FOUND */
export async function settingsHere(data: string): Promise<HandedSettings> {
  const settings = new BoardHome(data).settings();
  if (settings !== undefined) return settings;
  throw new MatrixError('M_NOT_FOUND', 'This board was handed no settings yet.');
}
