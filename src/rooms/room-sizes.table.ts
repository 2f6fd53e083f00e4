import type { Queryable } from '../db/database.ts';
import { sql } from '../db/sql.ts';

export async function countEventsOf(db: Queryable, roomNid: number): Promise<number> {
  const row = await db.get<{ n: number }>(sql`select count(*) as n from event where room_nid = ${roomNid}`);
  return row?.n ?? 0;
}

/** What an event of a room takes on average: by the newest of them, with its row and index entries. */
export async function meanEventBytes(db: Queryable, roomNid: number, sample: number): Promise<number> {
  const row = await db.get<{ mean: number | null }>(sql`select cast(avg(length(json)) as bigint) as mean from
    (select json from event where room_nid = ${roomNid} and pos is not null order by pos desc limit ${sample}) newest`);
  return row?.mean ?? 0;
}

/** How many records the states of a room are kept in, and what the newest of them take on average. */
export async function statePages(
  db: Queryable,
  roomNid: number,
  sample: number,
): Promise<{ readonly records: number; readonly meanBytes: number }> {
  const count = await db.get<{ n: number }>(sql`select count(*) as n from state_page where room_nid = ${roomNid}`);
  const size = await db.get<{ mean: number | null }>(sql`select cast(avg(length(data)) as bigint) as mean from
    (select data from state_page where room_nid = ${roomNid} order by rec desc limit ${sample}) newest`);
  return { records: count?.n ?? 0, meanBytes: size?.mean ?? 0 };
}
