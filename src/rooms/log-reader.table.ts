import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

/** How far a reader of the room logs has come, by shard; shards that it has not begun are absent. */
export async function readerPositions(db: Queryable, reader: string): Promise<Map<number, number>> {
  const rows = await db.all<{ shard: number; pos: number }>(
    sql`select shard, pos from log_reader where reader = ${reader}`,
  );
  return new Map(rows.map(row => [row.shard, row.pos]));
}

/** Holds a reader where it is until the transaction ends, and says where that is. */
export async function lockReader(tx: Tx, reader: string, shards: readonly number[]): Promise<Map<number, number>> {
  // An update that changes nothing locks on both databases alike.
  const rows = await tx.all<{ shard: number; pos: number }>(sql`update log_reader set pos = pos
    where reader = ${reader} and shard ${sql.in(shards)} returning shard, pos`);
  return new Map(rows.map(row => [row.shard, row.pos]));
}

/**
 * Moves a reader on, in the transaction that writes what it made of the entries in between. False when it is not at
 * `from` any more: another process has read them.
 */
export async function moveReader(
  tx: Tx,
  reader: string,
  shard: number,
  move: { readonly from: number; readonly to: number },
): Promise<boolean> {
  await tx.run(sql`insert into log_reader (reader, shard, pos) values (${reader}, ${shard}, 0) on conflict do nothing`);
  const moved = await tx.run(sql`update log_reader set pos = ${move.to}
    where reader = ${reader} and shard = ${shard} and pos = ${move.from}`);
  return moved === 1;
}

/** Lets a reader that is new begin with what comes from now on. */
export async function beginAtHeads(tx: Tx, reader: string): Promise<void> {
  await tx.run(sql`insert into log_reader (reader, shard, pos) select ${reader}, shard, pos from shard where true
    on conflict do nothing`);
}

/** A reader that is no more holds up nothing. */
export async function forgetReader(tx: Tx, reader: string): Promise<void> {
  await tx.run(sql`delete from log_reader where reader = ${reader}`);
}

/** The readers that have not come to a position of a shard yet. */
export async function readersBehind(db: Queryable, shard: number, pos: number): Promise<string[]> {
  const rows = await db.all<{ reader: string }>(
    sql`select reader from log_reader where shard = ${shard} and pos < ${pos} order by reader`,
  );
  return rows.map(row => row.reader);
}
