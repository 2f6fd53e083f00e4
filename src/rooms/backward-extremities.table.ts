import type { EventId } from '../core/ids.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

/** Asked for so often in vain, an event holds up nobody any more. */
export const MOST_TRIES = 8;

/** Events from before our history of a room that the oldest of ours build on. */
export async function backwardExtremities(db: Queryable, roomNid: number): Promise<EventId[]> {
  const rows = await db.all<{ event_id: EventId }>(
    sql`select event_id from backward_extremity where room_nid = ${roomNid} order by event_id`,
  );
  return rows.map(row => row.event_id);
}

/** What is missing right below one gap, what was tried least first. */
export async function edgeOfGap(db: Queryable, roomNid: number, gapPos: number, limit: number): Promise<EventId[]> {
  const rows = await db.all<{ event_id: EventId }>(sql`select event_id from backward_extremity
    where room_nid = ${roomNid} and gap_pos = ${gapPos} and tries < ${MOST_TRIES} order by tries, event_id limit ${limit}`);
  return rows.map(row => row.event_id);
}

/** Where history is missing in a timeline, the newest gap first. */
export async function gapsOf(db: Queryable, roomNid: number): Promise<number[]> {
  const rows = await db.all<{ gap_pos: number }>(sql`select distinct gap_pos from backward_extremity
    where room_nid = ${roomNid} and tries < ${MOST_TRIES} order by gap_pos desc`);
  return rows.map(row => row.gap_pos);
}

/** Answers how many of them are new. */
export async function addBackwardExtremities(
  tx: Tx,
  roomNid: number,
  ids: readonly EventId[],
  gapPos: number,
): Promise<number> {
  if (ids.length === 0) return 0;
  return tx.run(sql`insert into backward_extremity (room_nid, event_id, gap_pos)
    values ${sql.rows(ids.map(id => [roomNid, id, gapPos]))} on conflict do nothing`);
}

export async function removeBackwardExtremities(tx: Tx, roomNid: number, ids: readonly EventId[]): Promise<void> {
  await tx.run(sql`delete from backward_extremity where room_nid = ${roomNid} and event_id ${sql.in(ids)}`);
}

/** Takes one away that has come. Answers the gap that it was missing below. */
export async function takeBackwardExtremity(tx: Tx, roomNid: number, id: EventId): Promise<number | undefined> {
  const row = await tx.get<{ gap_pos: number }>(sql`delete from backward_extremity
    where room_nid = ${roomNid} and event_id = ${id} returning gap_pos`);
  return row?.gap_pos;
}

export async function countTries(tx: Tx, roomNid: number, ids: readonly EventId[]): Promise<void> {
  await tx.run(sql`update backward_extremity set tries = tries + 1
    where room_nid = ${roomNid} and event_id ${sql.in(ids)}`);
}

/** What is missing below a gap lies below another position from now on. */
export async function moveGap(tx: Tx, roomNid: number, from: number, to: number): Promise<void> {
  await tx.run(sql`update backward_extremity set gap_pos = ${to} where room_nid = ${roomNid} and gap_pos = ${from}`);
}
