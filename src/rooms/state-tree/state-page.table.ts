import type { Queryable, Tx } from '../../db/database.ts';
import { type Sql, sql } from '../../db/sql.ts';

export interface StateRecordRow {
  readonly room_nid: number;
  readonly rec: number;
  readonly data: Uint8Array;
}

/** How many rooms one query names: SQLite takes at most 500 selects in one. */
const ROOMS_PER_QUERY = 100;

/** The records of several rooms, in no order. `count` is told of each query. */
export async function readRecords(
  q: Queryable,
  wanted: ReadonlyMap<number, ReadonlySet<number>>,
  count: () => void,
): Promise<StateRecordRow[]> {
  const selects = [...wanted].map(
    ([roomNid, records]) =>
      sql`select room_nid, rec, data from state_page where room_nid = ${roomNid} and rec ${sql.in([...records])}`,
  );
  const rows: StateRecordRow[] = [];
  for (let at = 0; at < selects.length; at += ROOMS_PER_QUERY) {
    count();
    for (const row of await q.all<StateRecordRow>(unionAll(selects.slice(at, at + ROOMS_PER_QUERY)))) rows.push(row);
  }
  return rows;
}

function unionAll(selects: readonly Sql[]): Sql {
  return selects.reduce((joined, select) => sql`${joined} union all ${select}`);
}

/** Takes `count` record numbers of a room; answers the first. The row of the room stays locked until the transaction ends. */
export async function takeRecordNumbers(tx: Tx, roomNid: number, count: number): Promise<number> {
  const row = await tx.get<{ next_rec: number }>(
    sql`update room set next_rec = next_rec + ${count} where nid = ${roomNid} returning next_rec`,
  );
  if (row === undefined) throw new Error(`there is no room ${roomNid}`);
  return row.next_rec - count;
}

export async function insertRecords(
  tx: Tx,
  roomNid: number,
  records: readonly { readonly record: number; readonly data: Uint8Array }[],
): Promise<void> {
  const rows = records.map(({ record, data }) => [roomNid, record, data] as const);
  await tx.run(sql`insert into state_page (room_nid, rec, data) values ${sql.rows(rows)}`);
}

/** The number that the room's next record will have. */
export async function nextRecordNumber(q: Queryable, roomNid: number): Promise<number> {
  const row = await q.get<{ next_rec: number }>(sql`select next_rec from room where nid = ${roomNid}`);
  if (row === undefined) throw new Error(`there is no room ${roomNid}`);
  return row.next_rec;
}

/** Up to `limit` numbers of stored records from `from` on and below `below`, ascending. */
export async function recordNumbers(
  q: Queryable,
  roomNid: number,
  { from, below, limit }: { readonly from: number; readonly below: number; readonly limit: number },
): Promise<number[]> {
  const rows = await q.all<{ rec: number }>(
    sql`select rec from state_page where room_nid = ${roomNid} and rec >= ${from} and rec < ${below} order by rec limit ${limit}`,
  );
  return rows.map(row => row.rec);
}

export function deleteRecords(tx: Tx, roomNid: number, records: readonly number[]): Promise<number> {
  return tx.run(sql`delete from state_page where room_nid = ${roomNid} and rec ${sql.in(records)}`);
}

export function deleteAllRecords(tx: Tx, roomNid: number): Promise<number> {
  return tx.run(sql`delete from state_page where room_nid = ${roomNid}`);
}
