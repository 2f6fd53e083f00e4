import type { Queryable, Tx } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

export async function putReset(tx: Tx, userNid: number, expiresTs: number): Promise<void> {
  await tx.run(
    sql`insert into cross_signing_reset (user_nid, expires_ts) values (${userNid}, ${expiresTs})
      on conflict (user_nid) do update set expires_ts = excluded.expires_ts`,
  );
}

export async function hasReset(db: Queryable, userNid: number, now: number): Promise<boolean> {
  const row = await db.get(
    sql`select 1 as found from cross_signing_reset where user_nid = ${userNid} and expires_ts > ${now}`,
  );
  return row !== undefined;
}

/** Whether it was there. */
export async function takeReset(tx: Tx, userNid: number, now: number): Promise<boolean> {
  const taken = await tx.run(sql`delete from cross_signing_reset where user_nid = ${userNid} and expires_ts > ${now}`);
  return taken === 1;
}

export async function deleteResetsExpired(tx: Tx, now: number): Promise<void> {
  await tx.run(sql`delete from cross_signing_reset where expires_ts <= ${now}`);
}
