import type { EventId } from '../core/ids.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

/** Events from before our history of a room that the oldest of ours build on. */
export async function backwardExtremities(db: Queryable, roomNid: number, limit = 100): Promise<EventId[]> {
  const rows = await db.all<{ event_id: EventId }>(
    sql`select event_id from backward_extremity where room_nid = ${roomNid} order by event_id limit ${limit}`,
  );
  return rows.map(row => row.event_id);
}

export async function addBackwardExtremities(tx: Tx, roomNid: number, ids: readonly EventId[]): Promise<void> {
  if (ids.length === 0) return;
  await tx.run(sql`insert into backward_extremity (room_nid, event_id)
    values ${sql.rows(ids.map(id => [roomNid, id]))} on conflict do nothing`);
}

export async function removeBackwardExtremities(tx: Tx, roomNid: number, ids: readonly EventId[]): Promise<void> {
  await tx.run(sql`delete from backward_extremity where room_nid = ${roomNid} and event_id ${sql.in(ids)}`);
}

/** Takes room for `count` positions before all others of a room, and answers the first of them. */
export async function takeHistoryPositions(tx: Tx, roomNid: number, count: number): Promise<number> {
  const row = await tx.get<{ first_pos: number }>(
    sql`update room set first_pos = first_pos - ${count} where nid = ${roomNid} returning first_pos`,
  );
  if (row === undefined) throw new Error(`room ${roomNid} does not exist`);
  return row.first_pos;
}
