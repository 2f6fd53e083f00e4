import type { Queryable } from '../database.ts';
import { sql } from '../sql.ts';
import { moveOf } from './capture.ts';
import { MoveError } from './move-error.ts';

const OLDEST_POSTGRES = 130_000;

/** @throws MoveError unless nobody's data are in it: it is empty, or a move left it half filled, or was undone */
export async function assertFree(postgres: Queryable): Promise<void> {
  const found = await postgres.get<{ version: string; encoding: string; tables: number; has_move: number }>(
    sql`select current_setting('server_version_num') as version, current_setting('server_encoding') as encoding,
      (select count(*) from information_schema.tables where table_schema = current_schema()) as tables,
      (select count(*) from information_schema.tables
        where table_schema = current_schema() and table_name = 'database_move') as has_move`,
  );
  if (Number(found?.version) < OLDEST_POSTGRES) throw new MoveError('This PostgreSQL is too old: 13 is the oldest.');
  if (found?.encoding !== 'UTF8')
    throw new MoveError(
      `The encoding of this database is ${found?.encoding}. Make one with \`encoding 'UTF8' template template0\`.`,
    );
  if (found.tables === 0) return;
  const move = found.has_move > 0 ? await moveOf(postgres) : undefined;
  if (move?.role === 'filling' || move?.role === 'left') return;
  throw new MoveError('This PostgreSQL database is not empty. Make a new one: what is in it is never overwritten.');
}
