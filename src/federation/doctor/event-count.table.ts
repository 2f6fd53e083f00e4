import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

/** The number of the event that was stored last. */
export async function newestEvent(db: Queryable): Promise<number> {
  return (await db.get<{ nid: number | null }>(sql`select max(nid) as nid from event`))?.nid ?? 0;
}

/** How many events of a room were stored after another one. */
export async function countEventsAfter(db: Queryable, roomNid: number, nid: number): Promise<number> {
  const row = await db.get<{ n: number }>(
    sql`select count(*) as n from event where nid > ${nid} and room_nid = ${roomNid} and pos is not null`,
  );
  return row?.n ?? 0;
}
