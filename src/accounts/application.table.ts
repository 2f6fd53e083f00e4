import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

export async function insertApplication(tx: Tx, userNid: number, reason: string): Promise<void> {
  await tx.run(sql`insert into application (user_nid, reason) values (${userNid}, ${reason})`);
}

export async function deleteApplication(tx: Tx, userNid: number): Promise<void> {
  await tx.run(sql`delete from application where user_nid = ${userNid}`);
}

/** How many accounts wait for approval. */
export async function countWaiting(db: Queryable): Promise<number> {
  const row = await db.get<{ waiting: number }>(
    sql`select count(*) as waiting from account where is_approved = 0 and is_deactivated = 0`,
  );
  return row?.waiting ?? 0;
}
