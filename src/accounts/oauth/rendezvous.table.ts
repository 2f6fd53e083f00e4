import type { Queryable, Tx } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

export interface RendezvousRow {
  readonly id: string;
  readonly data: Uint8Array;
  readonly changed_ts: number;
  readonly expires_ts: number;
}

export async function insertRendezvous(tx: Tx, row: RendezvousRow): Promise<void> {
  await tx.run(
    sql`insert into rendezvous (id, data, changed_ts, expires_ts)
      values (${row.id}, ${row.data}, ${row.changed_ts}, ${row.expires_ts})`,
  );
}

export function findRendezvous(db: Queryable, id: string, now: number): Promise<RendezvousRow | undefined> {
  return db.get<RendezvousRow>(
    sql`select id, data, changed_ts, expires_ts from rendezvous where id = ${id} and expires_ts > ${now}`,
  );
}

/** Finds one and locks its row until the transaction ends. */
export function lockRendezvous(tx: Tx, id: string, now: number): Promise<RendezvousRow | undefined> {
  return tx.get<RendezvousRow>(
    sql`update rendezvous set changed_ts = changed_ts where id = ${id} and expires_ts > ${now}
      returning id, data, changed_ts, expires_ts`,
  );
}

export async function replaceRendezvous(tx: Tx, { id, data, changed_ts }: RendezvousRow): Promise<void> {
  await tx.run(sql`update rendezvous set data = ${data}, changed_ts = ${changed_ts} where id = ${id}`);
}

/** Whether it was there. */
export async function deleteRendezvous(tx: Tx, id: string, now: number): Promise<boolean> {
  return (await tx.run(sql`delete from rendezvous where id = ${id} and expires_ts > ${now}`)) === 1;
}

export async function countRendezvous(db: Queryable, now: number): Promise<number> {
  return (await db.get<{ n: number }>(sql`select count(*) as n from rendezvous where expires_ts > ${now}`))?.n ?? 0;
}

export async function deleteRendezvousExpired(tx: Tx, now: number): Promise<void> {
  await tx.run(sql`delete from rendezvous where expires_ts <= ${now}`);
}
