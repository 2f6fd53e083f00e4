import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

/** How often the mark of this database was moved. */
export async function restoreMark(db: Queryable): Promise<number> {
  const row = await db.get<{ beat: number }>(sql`select beat from restore_mark where one = 1`);
  return row?.beat ?? 0;
}

/** Moves the mark on, at least to `least`. Answers where it is then. */
export async function moveRestoreMark(tx: Tx, least = 0): Promise<number> {
  const next = Math.max(await restoreMark(tx), least - 1) + 1;
  await tx.run(sql`update restore_mark set beat = ${next} where one = 1`);
  return next;
}
