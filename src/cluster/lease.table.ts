import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';
import { countChange, type Moment } from './process.table.ts';

/** By name: the process that holds it. */
export async function allLeases(db: Queryable): Promise<Map<string, number>> {
  const rows = await db.all<{ name: string; process_nid: number }>(
    sql`select name, process_nid from cluster_lease order by name`,
  );
  return new Map(rows.map(row => [row.name, row.process_nid]));
}

/** Takes those of some leases that are free. */
export async function takeLeases(tx: Tx, names: readonly string[], processNid: number, now: Moment): Promise<void> {
  for (const name of names)
    await tx.run(sql`insert into cluster_lease (name, process_nid, since_ts)
      values (${name}, ${processNid}, ${now}) on conflict do nothing`);
  await countChange(tx);
}

export async function releaseLease(tx: Tx, name: string, processNid: number): Promise<void> {
  await tx.run(sql`delete from cluster_lease where name = ${name} and process_nid = ${processNid}`);
  await countChange(tx);
}
