import type { Queryable } from '../database.ts';
import { unfitPostgres } from '../postgres-needs.ts';
import { sql } from '../sql.ts';
import { moveOf } from './capture.ts';
import { MoveError } from './move-error.ts';

/** @throws MoveError unless nobody's data are in it: it is empty, or a move left it half filled, or was undone */
export async function assertFree(postgres: Queryable): Promise<void> {
  const unfit = await unfitPostgres(postgres);
  if (unfit !== undefined) throw new MoveError(unfit);
  const found = await postgres.get<{ tables: number; has_move: number }>(
    sql`select
      (select count(*) from information_schema.tables where table_schema = current_schema()) as tables,
      (select count(*) from information_schema.tables
        where table_schema = current_schema() and table_name = 'database_move') as has_move`,
  );
  if (found === undefined || found.tables === 0) return;
  const move = found.has_move > 0 ? await moveOf(postgres) : undefined;
  if (move?.role === 'filling' || move?.role === 'left') return;
  throw new MoveError('This PostgreSQL database is not empty. Make a new one: what is in it is never overwritten.');
}
