import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

export interface AcceptanceRow {
  readonly policy: string;
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly ts: number;
}

export async function insertAcceptance(tx: Tx, userNid: number, row: AcceptanceRow): Promise<void> {
  await tx.run(sql`insert into terms_acceptance (user_nid, policy, version, ts)
    values (${userNid}, ${row.policy}, ${row.version}, ${row.ts}) on conflict do nothing`);
}

/** What a user has accepted, by policy. */
export async function acceptancesOf(db: Queryable, userNid: number): Promise<AcceptanceRow[]> {
  return db.all<AcceptanceRow>(sql`select policy, version, ts from terms_acceptance where user_nid = ${userNid}
    order by policy, ts, version`);
}
