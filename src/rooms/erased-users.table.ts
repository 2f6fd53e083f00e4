import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

/** The user asks to be forgotten now, in milliseconds since the epoch. */
export async function setErased(tx: Tx, userNid: number, ts: number): Promise<void> {
  await tx.run(sql`insert into erased_user (user_nid, ts) values (${userNid}, ${ts}) on conflict do nothing`);
}

export async function unsetErased(tx: Tx, userNid: number): Promise<void> {
  await tx.run(sql`delete from erased_user where user_nid = ${userNid}`);
}

/** When those of the users asked to be forgotten who did. */
export async function erasedAmong(db: Queryable, userNids: readonly number[]): Promise<Map<number, number>> {
  const rows = await db.all<{ user_nid: number; ts: number }>(
    sql`select user_nid, ts from erased_user where user_nid ${sql.in(userNids)}`,
  );
  return new Map(rows.map(row => [row.user_nid, row.ts]));
}
