import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

export interface RateOverrideRow {
  /** 0: nothing of the user is limited. */
  readonly per_second: number;
  readonly burst: number;
}

export function rateOverride(db: Queryable, userNid: number): Promise<RateOverrideRow | undefined> {
  return db.get<RateOverrideRow>(sql`select per_second, burst from rate_override where user_nid = ${userNid}`);
}

export async function setRateOverride(tx: Tx, userNid: number, row: RateOverrideRow): Promise<void> {
  await tx.run(sql`insert into rate_override (user_nid, per_second, burst)
    values (${userNid}, ${row.per_second}, ${row.burst})
    on conflict (user_nid) do update set per_second = excluded.per_second, burst = excluded.burst`);
}

export async function deleteRateOverride(tx: Tx, userNid: number): Promise<void> {
  await tx.run(sql`delete from rate_override where user_nid = ${userNid}`);
}
