import type { EventId, RoomId } from '../../core/ids.ts';
import type { Queryable, Tx } from '../../db/database.ts';
import { isDue } from '../../db/due.ts';
import { sql } from '../../db/sql.ts';

/** The longest time after which it is asked again for what is missing. */
export const LONGEST_ROUND_MS = 24 * 3_600_000;

export interface HoleRow {
  readonly event_id: EventId;
  /** The number of an event that builds on it. */
  readonly wanted_by: number;
  /** Rounds in which every server that could be asked was asked in vain. */
  readonly tries: number;
  /** What came of asking in this round, JSON. */
  readonly asked: string;
}

/** Rooms in which something missing is to be asked for now, those that wait longest first. */
export async function roomsWithDueHoles(db: Queryable, now: number, limit: number): Promise<number[]> {
  const rows = await db.all<{ room_nid: number }>(sql`select room_nid from hole where ${isDue(now, LONGEST_ROUND_MS)}
    group by room_nid order by min(due), room_nid limit ${limit}`);
  return rows.map(row => row.room_nid);
}

/** What is to be asked for now in a room, the newest first. */
export async function dueHoles(db: Queryable, roomNid: number, now: number, limit: number): Promise<HoleRow[]> {
  return db.all<HoleRow>(sql`select event_id, wanted_by, tries, asked from hole
    where room_nid = ${roomNid} and ${isDue(now, LONGEST_ROUND_MS)} order by wanted_by desc, event_id limit ${limit}`);
}

/** When something missing is to be asked for next. */
export async function nextDueHole(db: Queryable): Promise<number | undefined> {
  const row = await db.get<{ due: number | null }>(sql`select min(due) as due from hole`);
  return row?.due ?? undefined;
}

/** `due` null: it is asked for no more. Answers whether it is missing still. */
export async function updateHole(
  tx: Tx,
  roomNid: number,
  eventId: EventId,
  { due, tries, asked }: { readonly due: number | null; readonly tries: number; readonly asked: string },
): Promise<boolean> {
  const changed = await tx.run(sql`update hole set due = ${due}, tries = ${tries}, asked = ${asked}
    where room_nid = ${roomNid} and event_id = ${eventId}`);
  return changed > 0;
}

/** What is due in a room is asked for later. */
export async function postponeHoles(tx: Tx, roomNid: number, due: number): Promise<void> {
  await tx.run(sql`update hole set due = ${due} where room_nid = ${roomNid} and due < ${due}`);
}

/** Everything that is missing in a room is asked for now, of everybody, also what was given up. */
export async function hastenHoles(tx: Tx, roomNid: number, now: number): Promise<void> {
  await tx.run(sql`update hole set due = ${now}, asked = '[]' where room_nid = ${roomNid}`);
}

export interface HoleFigures {
  /** Events that are known to exist and missing, and those of them that nobody has any more. */
  readonly missing: number;
  readonly lost: number;
  readonly rooms: number;
  /** When the one that is missing longest, of those that are asked for, was first missed. */
  readonly since: number | undefined;
}

export async function holeFigures(db: Queryable): Promise<HoleFigures> {
  const row = await db.get<{ missing: number; wanted: number; rooms: number; since: number | null }>(sql`
    select count(*) as missing, count(due) as wanted, count(distinct room_nid) as rooms,
      min(case when due is not null then first_seen end) as since from hole`);
  const { missing = 0, wanted = 0, rooms = 0, since = null } = row ?? {};
  return { missing, lost: missing - wanted, rooms, since: since ?? undefined };
}

/** The rooms in which most is missing, with how much. */
export async function roomsWithHoles(db: Queryable, limit: number): Promise<{ room_id: RoomId; missing: number }[]> {
  return db.all(sql`select room.room_id, count(*) as missing from hole join room on room.nid = hole.room_nid
    group by room.room_id order by missing desc, room.room_id limit ${limit}`);
}
