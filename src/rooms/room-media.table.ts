import type { Queryable } from '../db/database.ts';
import { sql } from '../db/sql.ts';

/** Rows of a room's timeline below a position, newest first; the text only where it names media. */
export function mediaTextsBelow(
  db: Queryable,
  roomNid: number,
  below: number,
  limit: number,
): Promise<{ pos: number; json: string | null }[]> {
  return db.all(sql`select pos, case when json like ${'%"mxc://%'} then json end as json from event
    where room_nid = ${roomNid} and pos < ${below} order by pos desc limit ${limit}`);
}
