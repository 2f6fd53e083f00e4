import type { Database } from '../database.ts';
import { ownMigrations } from '../migrate.ts';
import { sql } from '../sql.ts';
import { type MoveRow, moveOf, removeCapture, setMove, setRole } from './capture.ts';
import { MoveError } from './move-error.ts';
import type { Place, PlaceMark } from './place.ts';

/**
 * Whether `db` is the one that is in use by the data folder with this mark. @throws MoveError when a move is under way
 * from it or to it, or it was left
 */
export async function checkInUse(db: Database, place: Place | undefined): Promise<void> {
  const move = await moveOf(db);
  const reason = db.dialect === 'postgres' ? reasonOnPostgres(move, place) : reasonOnSqlite(move, place);
  if (reason !== undefined) throw new MoveError(reason);
}

/** Ends what a move that was cut short has left. For whoever has locked the data folder, after `checkInUse`. */
export async function tidyMove(db: Database, mark: PlaceMark): Promise<void> {
  const move = await moveOf(db);
  const place = mark.read();
  if (db.dialect === 'sqlite') {
    if (move !== undefined) {
      await db.tx(tx => setMove(tx, undefined));
      await removeCapture(db);
    }
    if (place !== undefined) mark.write(undefined);
    return;
  }
  if (move === undefined || place?.kind !== 'postgres') return;
  if (place.isConfirmed) {
    await db.tx(tx => setMove(tx, undefined));
    await removeCapture(db);
  } else if (move.role !== 'source') await db.tx(tx => setRole(tx, 'source'));
}

/**
 * While there is a way back both databases have the same tables, so that the schema stays as it is.
 * @throws MoveError when this version of Copse would change it
 */
export async function checkSchemaStays(db: Database, place: Place | undefined): Promise<void> {
  if (place?.kind !== 'postgres' || place.isConfirmed) return;
  const row = await db.get<{ newest: number }>(sql`select coalesce(max(number), 0) as newest from migration`);
  if (row?.newest === ownMigrations().at(-1)?.number) return;
  throw new MoveError(
    'The move to PostgreSQL is not confirmed, and this version of Copse changes the tables. Start the version from before, ' +
      'run `copse migrate confirm` or `copse migrate back`, and then start this one.',
  );
}

function reasonOnPostgres(move: MoveRow | undefined, place: Place | undefined): string | undefined {
  const isOurs = place?.kind === 'postgres' && (move === undefined ? place.isConfirmed : place.moveId === move.move_id);
  if (isOurs) return undefined;
  if (move === undefined)
    return place?.kind === 'postgres'
      ? 'This is not the PostgreSQL database that this data folder was moved to. Take `database.url` out of the settings.'
      : undefined;
  if (move.role === 'left')
    return 'The server that used this PostgreSQL database has gone back to SQLite. Take `database.url` out of the settings.';
  return (
    'This PostgreSQL database belongs to a move that is not finished, or to another data folder. Take `database.url` out of ' +
    'the settings: the data folder says which database is in use.'
  );
}

function reasonOnSqlite(move: MoveRow | undefined, place: Place | undefined): string | undefined {
  if (move?.role !== 'left' || (place?.kind === 'sqlite' && place.moveId === move.move_id)) return undefined;
  return (
    'The data of this folder were moved to PostgreSQL. Set `database.url` to that database, or put the file ' +
    '`database-place.json` back into the data folder.'
  );
}
