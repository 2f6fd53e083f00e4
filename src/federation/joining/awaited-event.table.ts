import type { EventId } from '../../core/ids.ts';
import type { Queryable, Tx } from '../../db/database.ts';
import { isDue } from '../../db/due.ts';
import { sql } from '../../db/sql.ts';

export interface AwaitedRow {
  readonly event_id: EventId;
  /** Whether it belongs to the state itself, and not only to what authorises it. */
  readonly is_state: number;
  readonly json: string;
  readonly reason: string;
  readonly tries: number;
}

export interface NewAwaited {
  readonly eventId: EventId;
  readonly isState: boolean;
  readonly json: string;
  readonly reason: string;
  /** When it is tried next; null: it was refused for good. */
  readonly due: number | null;
}

export async function addAwaited(tx: Tx, roomNid: number, events: readonly NewAwaited[]): Promise<void> {
  if (events.length === 0) return;
  const rows = events.map(({ eventId, isState, json, reason, due }) => [
    roomNid,
    eventId,
    isState ? 1 : 0,
    json,
    reason,
    due,
  ]);
  await tx.run(sql`insert into awaited_event (room_nid, event_id, is_state, json, reason, due) values ${sql.rows(rows)}
    on conflict (room_nid, event_id) do update set reason = excluded.reason, due = excluded.due, json = excluded.json,
      is_state = awaited_event.is_state | excluded.is_state`);
}

/** Events of a room that are due, the least tried first. */
export async function dueAwaited(
  db: Queryable,
  roomNid: number,
  { now, longestMs, limit }: { readonly now: number; readonly longestMs: number; readonly limit: number },
): Promise<AwaitedRow[]> {
  return db.all<AwaitedRow>(sql`select event_id, is_state, json, reason, tries from awaited_event
    where room_nid = ${roomNid} and ${isDue(now, longestMs)} order by tries, event_id limit ${limit}`);
}

/** Which of some events are waited for. */
export async function awaitedAmong(db: Queryable, roomNid: number, ids: readonly EventId[]): Promise<EventId[]> {
  const rows = await db.all<{ event_id: EventId }>(sql`select event_id from awaited_event
    where room_nid = ${roomNid} and event_id ${sql.in(ids)} and due is not null`);
  return rows.map(row => row.event_id);
}

/** Which of some events are waited for or were refused for good. */
export async function keptAmong(db: Queryable, roomNid: number, ids: readonly EventId[]): Promise<EventId[]> {
  const rows: { event_id: EventId }[] = [];
  for (let at = 0; at < ids.length; at += IDS_AT_ONCE) {
    const some = ids.slice(at, at + IDS_AT_ONCE);
    rows.push(
      ...(await db.all<{ event_id: EventId }>(sql`select event_id from awaited_event
        where room_nid = ${roomNid} and event_id ${sql.in(some)}`)),
    );
  }
  return rows.map(row => row.event_id);
}

const IDS_AT_ONCE = 1000;

/** Rooms with something that is due. */
export async function roomsWithAwaited(db: Queryable, now: number, longestMs: number): Promise<number[]> {
  const rows = await db.all<{ room_nid: number }>(
    sql`select distinct room_nid from awaited_event where ${isDue(now, longestMs)}`,
  );
  return rows.map(row => row.room_nid);
}

export async function nextAwaited(db: Queryable): Promise<number | undefined> {
  const row = await db.get<{ due: number | null }>(sql`select min(due) as due from awaited_event`);
  return row?.due ?? undefined;
}

/** How many events of a room are waited for; those refused for good do not count. */
export async function countAwaited(db: Queryable, roomNid: number): Promise<{ all: number; state: number }> {
  const row = await db.get<{
    n: number;
    s: number | null;
  }>(sql`select count(*) as n, sum(is_state) as s from awaited_event
    where room_nid = ${roomNid} and due is not null`);
  return { all: row?.n ?? 0, state: row?.s ?? 0 };
}

/** Of all rooms: how many are waited for, and how many were refused or given up. */
export async function awaitedFigures(db: Queryable): Promise<{ readonly awaited: number; readonly givenUp: number }> {
  const row = await db.get<{ n: number; awaited: number }>(sql`select count(*) as n, count(due) as awaited
    from awaited_event`);
  return { awaited: row?.awaited ?? 0, givenUp: (row?.n ?? 0) - (row?.awaited ?? 0) };
}

/** How many events are waited for by room, those with most of them. */
export async function countAwaitedRooms(db: Queryable, limit: number): Promise<Map<number, number>> {
  const rows = await db.all<{ room_nid: number; n: number }>(sql`select room_nid, count(*) as n from awaited_event
    where due is not null group by room_nid order by n desc limit ${limit}`);
  return new Map(rows.map(row => [row.room_nid, row.n]));
}

export async function postponeAwaited(
  tx: Tx,
  roomNid: number,
  eventId: EventId,
  { due, reason }: { readonly due: number | null; readonly reason: string },
): Promise<void> {
  await tx.run(sql`update awaited_event set tries = tries + 1, due = ${due}, reason = ${reason}
    where room_nid = ${roomNid} and event_id = ${eventId}`);
}

export async function removeAwaited(tx: Tx, roomNid: number, eventIds: readonly EventId[]): Promise<void> {
  if (eventIds.length > 0)
    await tx.run(sql`delete from awaited_event where room_nid = ${roomNid} and event_id ${sql.in(eventIds)}`);
}

/** Forgets what a join that came to nothing waited for. */
export async function dropAwaited(tx: Tx, roomNid: number): Promise<void> {
  await tx.run(sql`delete from awaited_event where room_nid = ${roomNid}`);
}

export async function roomsAwaiting(db: Queryable): Promise<number[]> {
  const rows = await db.all<{ room_nid: number }>(sql`select distinct room_nid from awaited_event`);
  return rows.map(row => row.room_nid);
}
