import type { RoomId } from '../core/ids.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

export interface DepartureRow {
  readonly room_id: RoomId;
  /** The leave event as clients see it, JSON. */
  readonly event: string;
}

/** Remembers that a user was taken out of a room which is to be deleted. `pos`: in the user's log. */
export async function recordDeparture(
  tx: Tx,
  userNid: number,
  row: DepartureRow & { readonly pos: number; readonly ts: number },
): Promise<void> {
  await tx.run(sql`insert into room_departure (user_nid, room_id, pos, ts, event)
    values (${userNid}, ${row.room_id}, ${row.pos}, ${row.ts}, ${row.event})
    on conflict (user_nid, room_id) do update set pos = excluded.pos, ts = excluded.ts, event = excluded.event`);
}

/** What happened after a position of the user's log. */
export function departuresSince(db: Queryable, userNid: number, after: number): Promise<DepartureRow[]> {
  return db.all<DepartureRow>(sql`select room_id, event from room_departure
    where user_nid = ${userNid} and pos > ${after} order by pos`);
}

/** Forgets those from before a time. */
export async function pruneDepartures(tx: Tx, before: number, limit: number): Promise<number> {
  return tx.run(sql`delete from room_departure where (user_nid, room_id) in
    (select user_nid, room_id from room_departure where ts < ${before} order by ts limit ${limit})`);
}
