import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { Config } from '../config/schema.ts';
import type { ServerName } from '../core/ids.ts';
import type { Database } from '../db/database.ts';
import { migrate } from '../db/migrate.ts';
import { checkInUse, checkSchemaStays, tidyMove } from '../db/moving/admission.ts';
import { DatabaseMove } from '../db/moving/database-move.ts';
import { MoveError } from '../db/moving/move-error.ts';
import { SwitchableDatabase } from '../db/switchable.ts';
import { entryMover } from '../rooms/search/entry-mover.ts';
import type { DataFolder } from './data-folder.ts';
import { requireDatabaseOf } from './database-owner.ts';
import { placeMark, withDatabaseInUse } from './database-place.ts';
import type { openDatabase } from './open-database.ts';

/**
 * The database in use, brought up to date, of whoever has locked the data folder.
 * @throws MoveError, MigrationError, DataFolderError
 */
export async function openOwnDatabase(
  config: Config,
  serverName: ServerName,
  open: typeof openDatabase,
): Promise<Database> {
  const mark = placeMark(config.data_dir);
  const db = await open(withDatabaseInUse(config));
  try {
    const place = mark.read();
    if (place?.kind === 'postgres' && !place.isConfirmed && config.cluster.bus !== undefined)
      throw new MoveError(
        'Several processes cannot share a database whose move is not confirmed: copse migrate confirm.',
      );
    if (place !== undefined) await checkSchemaStays(db, place);
    await migrate(db);
    await checkInUse(db, place);
    await requireDatabaseOf(serverName, db);
    await tidyMove(db, mark);
    return db;
  } catch (error) {
    await db[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * The same beside whoever has: nothing of a move that is under way is touched.
 * @throws MoveError, MigrationError, DataFolderError
 */
export async function openSharedDatabase(
  config: Config,
  serverName: ServerName,
  open: typeof openDatabase,
): Promise<Database> {
  const db = await open(withDatabaseInUse(config));
  try {
    // A running server has done this; it is the same version, or what is written waits for its restart.
    await migrate(db);
    await checkInUse(db, placeMark(config.data_dir).read());
    await requireDatabaseOf(serverName, db);
    return db;
  } catch (error) {
    await db[Symbol.asyncDispose]();
    throw error;
  }
}

export interface DatabaseInput {
  readonly config: Config;
  readonly folder: DataFolder;
  readonly open: typeof openDatabase;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** The database of a server that runs, and what moves it. */
export async function composeDatabase(input: DatabaseInput): Promise<{ db: SwitchableDatabase; move: DatabaseMove }> {
  const { config, folder, open, clock, random, log } = input;
  const db = new SwitchableDatabase(await openOwnDatabase(config, folder.serverName, open));
  const move = new DatabaseMove({
    db,
    open: url => open({ ...config, database: { ...config.database, url } }),
    mark: placeMark(folder.path),
    serverName: folder.serverName,
    writers: target => ({ search_entry: entryMover(target.dialect) }),
    clock,
    random,
    log: log.child('database'),
  });
  try {
    await move.resume();
  } catch (error) {
    log.warn('The database that was left cannot be opened: there is no way back until it can.', { err: error });
  }
  return { db, move };
}
