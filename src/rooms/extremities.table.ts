import type { EventId } from '../core/ids.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

/** The events of a room that no other accepted event builds on, newest first. */
export async function extremities(db: Queryable, roomNid: number): Promise<number[]> {
  const rows = await db.all<{ event_nid: number }>(
    sql`select event_nid from extremity where room_nid = ${roomNid} order by event_nid desc`,
  );
  return rows.map(row => row.event_nid);
}

export async function removeExtremities(tx: Tx, roomNid: number, eventNids: readonly number[]): Promise<void> {
  for (const nid of eventNids) {
    await tx.run(sql`delete from extremity where room_nid = ${roomNid} and event_nid = ${nid}`);
  }
}

export async function addExtremity(tx: Tx, roomNid: number, eventNid: number): Promise<void> {
  await tx.run(
    sql`insert into extremity (room_nid, event_nid) values (${roomNid}, ${eventNid}) on conflict do nothing`,
  );
}

/** Remembers that `eventId` is missing: an accepted event builds on it. */
export async function addHole(tx: Tx, roomNid: number, eventId: EventId, wantedBy: number, now: number): Promise<void> {
  await tx.run(sql`insert into hole (room_nid, event_id, wanted_by, first_seen)
    values (${roomNid}, ${eventId}, ${wantedBy}, ${now}) on conflict do nothing`);
}

/** Of an event that was missing until now, which is not from here on, the number of the one that builds on it. */
export async function closeHole(tx: Tx, roomNid: number, eventId: EventId): Promise<number | undefined> {
  const row = await tx.get<{ wanted_by: number }>(
    sql`delete from hole where room_nid = ${roomNid} and event_id = ${eventId} returning wanted_by`,
  );
  return row?.wanted_by;
}

/** Forgets what was missing of a room: we come into it anew. */
export async function forgetHoles(tx: Tx, roomNid: number): Promise<void> {
  await tx.run(sql`delete from hole where room_nid = ${roomNid}`);
}
