import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

/** Stores a filter; one with the same hash is the same. Its number is the ID. */
export async function putFilter(tx: Tx, userNid: number, hash: Uint8Array, content: string): Promise<number> {
  await tx.run(
    sql`insert into filter (user_nid, hash, content) values (${userNid}, ${hash}, ${content}) on conflict do nothing`,
  );
  const row = await tx.get<{ nid: number }>(sql`select nid from filter where user_nid = ${userNid} and hash = ${hash}`);
  if (row === undefined) throw new Error('a filter that was stored is not there');
  return row.nid;
}

export async function filterText(db: Queryable, userNid: number, nid: number): Promise<string | undefined> {
  const row = await db.get<{ content: string }>(
    sql`select content from filter where user_nid = ${userNid} and nid = ${nid}`,
  );
  return row?.content;
}

/** Drops all but the newest. */
export async function deleteOldFilters(tx: Tx, userNid: number, keep: number): Promise<void> {
  await tx.run(
    sql`delete from filter where user_nid = ${userNid} and nid <=
      (select nid from filter where user_nid = ${userNid} order by nid desc limit 1 offset ${keep})`,
  );
}

export async function deleteFilters(tx: Tx, userNid: number): Promise<void> {
  await tx.run(sql`delete from filter where user_nid = ${userNid}`);
}
