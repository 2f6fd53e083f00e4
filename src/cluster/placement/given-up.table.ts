import type { Queryable, Tx } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import type { Moment } from '../process.table.ts';

/** Boards whose work has been given to others. */
export async function givenUpBoards(db: Queryable): Promise<Set<string>> {
  const rows = await db.all<{ board: string }>(sql`select board from cluster_given_up order by board`);
  return new Set(rows.map(({ board }) => board));
}

export async function giveUpBoard(tx: Tx, board: string, now: Moment): Promise<void> {
  await tx.run(sql`insert into cluster_given_up (board, since_ts) values (${board}, ${now}) on conflict do nothing`);
}

export async function takeBoardBack(tx: Tx, board: string): Promise<void> {
  await tx.run(sql`delete from cluster_given_up where board = ${board}`);
}
