import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

export interface ThreepidRow {
  readonly medium: string;
  readonly address: string;
  readonly validated_ts: number;
  readonly added_ts: number;
}

export function threepidsOf(db: Queryable, userNid: number): Promise<ThreepidRow[]> {
  return db.all<ThreepidRow>(sql`select medium, address, validated_ts, added_ts from threepid
    where user_nid = ${userNid} order by added_ts, address`);
}

export async function threepidOwner(db: Queryable, medium: string, address: string): Promise<number | undefined> {
  const row = await db.get<{ user_nid: number }>(
    sql`select user_nid from threepid where medium = ${medium} and address = ${address}`,
  );
  return row?.user_nid;
}

/** False when somebody has the address already. */
export async function insertThreepid(tx: Tx, userNid: number, row: ThreepidRow): Promise<boolean> {
  const inserted = await tx.run(sql`insert into threepid (medium, address, user_nid, validated_ts, added_ts)
    values (${row.medium}, ${row.address}, ${userNid}, ${row.validated_ts}, ${row.added_ts}) on conflict do nothing`);
  return inserted === 1;
}

export async function deleteThreepid(tx: Tx, userNid: number, medium: string, address: string): Promise<void> {
  await tx.run(sql`delete from threepid where medium = ${medium} and address = ${address} and user_nid = ${userNid}`);
}

export async function deleteThreepidsOf(tx: Tx, userNid: number): Promise<void> {
  await tx.run(sql`delete from threepid where user_nid = ${userNid}`);
}
