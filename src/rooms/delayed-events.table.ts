import type { EventId } from '../core/ids.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { type Sql, sql } from '../db/sql.ts';

export interface DelayedRow {
  readonly delay_id: string;
  readonly user_nid: number;
  readonly room_nid: number;
  readonly type: string;
  readonly state_key: string | null;
  /** JSON. */
  readonly content: string;
  readonly redacts: EventId | null;
  readonly delay_ms: number;
  /** When the delay was started for the last time. */
  readonly running_since: number;
  /**
   * When it is to be sent; null once it is finalised. Negative while a process sends it: up to then the others leave it
   * alone, and after that the process has died over it.
   */
  readonly due: number | null;
  readonly outcome: 'send' | 'cancel' | null;
  readonly reason: 'error' | 'action' | 'delay' | null;
  /** JSON. */
  readonly error: string | null;
  readonly event_id: EventId | null;
  readonly finalised_ts: number | null;
}

/** How a delayed event ended. */
export interface DelayedEnd {
  readonly outcome: 'send' | 'cancel';
  readonly reason: 'error' | 'action' | 'delay';
  readonly error?: string | undefined;
  readonly eventId?: EventId | undefined;
}

const COLUMNS = sql`delay_id, user_nid, room_nid, type, state_key, content, redacts, delay_ms, running_since, due,
  outcome, reason, error, event_id, finalised_ts`;

type NewDelayed = Omit<DelayedRow, 'due' | 'outcome' | 'reason' | 'error' | 'event_id' | 'finalised_ts'>;

export async function insertDelayed(tx: Tx, row: NewDelayed): Promise<void> {
  await tx.run(sql`insert into delayed_event
      (delay_id, user_nid, room_nid, type, state_key, content, redacts, delay_ms, running_since, due)
    values (${row.delay_id}, ${row.user_nid}, ${row.room_nid}, ${row.type}, ${row.state_key}, ${row.content},
      ${row.redacts}, ${row.delay_ms}, ${row.running_since}, ${row.running_since + row.delay_ms})`);
}

export function delayedById(db: Queryable, delayId: string): Promise<DelayedRow | undefined> {
  return db.get<DelayedRow>(sql`select ${COLUMNS} from delayed_event where delay_id = ${delayId}`);
}

/** A user's events that are still to be sent, the next one first. */
export function scheduledOf(db: Queryable, userNid: number): Promise<DelayedRow[]> {
  return db.all<DelayedRow>(
    sql`select ${COLUMNS} from delayed_event where user_nid = ${userNid} and due is not null
      order by running_since + delay_ms, delay_id`,
  );
}

/** A user's events that are finalised, the latest first. */
export function finalisedOf(db: Queryable, userNid: number, limit: number): Promise<DelayedRow[]> {
  return db.all<DelayedRow>(sql`select ${COLUMNS} from delayed_event
    where user_nid = ${userNid} and due is null order by finalised_ts desc, delay_id limit ${limit}`);
}

export async function countScheduled(db: Queryable, userNid: number): Promise<number> {
  const row = await db.get<{ n: number }>(
    sql`select count(*) as n from delayed_event where user_nid = ${userNid} and due is not null`,
  );
  return row?.n ?? 0;
}

export function dueUpTo(db: Queryable, now: number, limit: number): Promise<DelayedRow[]> {
  return db.all<DelayedRow>(sql`select ${COLUMNS} from delayed_event
    where due between 0 and ${now} or due between ${-now} and -1 order by abs(due), delay_id limit ${limit}`);
}

export async function nextDue(db: Queryable): Promise<number | undefined> {
  const row = await db.get<{ waiting: number | null; claimed: number | null }>(
    sql`select (select min(due) from delayed_event where due >= 0) as waiting,
      (select max(due) from delayed_event where due < 0) as claimed`,
  );
  const times = [row?.waiting, row?.claimed].filter(due => due != null).map(Math.abs);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** Neither finalised nor being sent. */
function isFree(now: number): Sql {
  return sql`(due >= 0 or due between ${-now} and -1)`;
}

/** Starts the delay anew. False when it is finalised already, or just being sent. */
export async function restartDelay(tx: Tx, delayId: string, now: number, due: number): Promise<boolean> {
  const changed = await tx.run(sql`update delayed_event set running_since = ${now}, due = ${due}
    where delay_id = ${delayId} and ${isFree(now)}`);
  return changed === 1;
}

/**
 * Takes the sending of an event on oneself until then. False when it is not any more as it was read: another process was
 * first, or it was restarted or finalised.
 */
export async function claimDelayed(tx: Tx, row: Pick<DelayedRow, 'delay_id' | 'due'>, until: number): Promise<boolean> {
  const changed = await tx.run(sql`update delayed_event set due = ${-until}
    where delay_id = ${row.delay_id} and due = ${row.due}`);
  return changed === 1;
}

/** It could not be sent and is tried again. */
export async function putOff(tx: Tx, delayId: string, due: number): Promise<void> {
  await tx.run(sql`update delayed_event set due = ${due} where delay_id = ${delayId} and due is not null`);
}

/** Writes down how what one has claimed ended. */
export async function finalise(tx: Tx, delayId: string, end: DelayedEnd, now: number): Promise<void> {
  await tx.run(sql`${finalising(end, now)} where delay_id = ${delayId} and due is not null`);
}

/** Finalises what nobody is sending. False when it is finalised already, or just being sent. */
export async function finaliseFree(tx: Tx, delayId: string, end: DelayedEnd, now: number): Promise<boolean> {
  const changed = await tx.run(sql`${finalising(end, now)} where delay_id = ${delayId} and ${isFree(now)}`);
  return changed === 1;
}

function finalising(end: DelayedEnd, now: number): Sql {
  return sql`update delayed_event set due = null, finalised_ts = ${now},
    outcome = ${end.outcome}, reason = ${end.reason}, error = ${end.error ?? null}, event_id = ${end.eventId ?? null}`;
}

/** Finalises what others than `senderNid` want to set at a place in a room's state. */
export async function finaliseOthers(
  tx: Tx,
  place: { readonly roomNid: number; readonly type: string; readonly stateKey: string },
  senderNid: number,
  error: string,
  now: number,
): Promise<void> {
  await tx.run(sql`update delayed_event
    set due = null, finalised_ts = ${now}, outcome = 'cancel', reason = 'error', error = ${error}
    where room_nid = ${place.roomNid} and type = ${place.type} and state_key = ${place.stateKey}
      and ${isFree(now)} and user_nid <> ${senderNid}`);
}

export async function deleteFinalisedBefore(tx: Tx, ts: number): Promise<void> {
  await tx.run(sql`delete from delayed_event where finalised_ts < ${ts}`);
}
