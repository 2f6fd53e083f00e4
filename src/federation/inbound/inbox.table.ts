import type { EventId } from '../../core/ids.ts';
import type { Queryable, Tx } from '../../db/database.ts';
import { isDue } from '../../db/due.ts';
import { sql } from '../../db/sql.ts';

export interface NewInboxEvent {
  readonly originNid: number;
  readonly roomNid: number;
  readonly eventId: EventId;
  readonly json: string;
}

export interface InboxRow {
  readonly nid: number;
  readonly origin_nid: number;
  readonly event_id: EventId;
  readonly received_ts: number;
  readonly tries: number;
  readonly json: string;
}

/** The longest time for which an event is put off. */
export const LONGEST_RETRY_MS = 3_600_000;

/** Keeps an event until it is taken in; one that waits already stays as it is. */
export async function addToInbox(tx: Tx, event: NewInboxEvent, now: number): Promise<void> {
  await tx.run(sql`insert into inbox (origin_nid, room_nid, event_id, received_ts, due, json)
    values (${event.originNid}, ${event.roomNid}, ${event.eventId}, ${now}, ${now}, ${event.json}) on conflict do nothing`);
}

/** What is due in a room, the oldest first. */
export async function dueInRoom(db: Queryable, roomNid: number, now: number, limit: number): Promise<InboxRow[]> {
  return db.all<InboxRow>(sql`select nid, origin_nid, event_id, received_ts, tries, json from inbox
    where room_nid = ${roomNid} and ${isDue(now, LONGEST_RETRY_MS)} order by nid limit ${limit}`);
}

/** Of some events those that wait in a room, or were set aside, the oldest first. */
export async function waitingInRoom(db: Queryable, roomNid: number, ids: readonly EventId[]): Promise<InboxRow[]> {
  return db.all<InboxRow>(sql`select nid, origin_nid, event_id, received_ts, tries, json from inbox
    where event_id ${sql.in(ids)} and room_nid = ${roomNid} order by nid`);
}

/** What lies here for a room that was deleted belongs to the first shard. */
const SHARD = sql`coalesce(room.shard, 0)`;

/** The rooms of some shards in which something is due. */
export async function dueRooms(
  db: Queryable,
  shards: readonly number[],
  now: number,
): Promise<{ nid: number; shard: number }[]> {
  return db.all<{ nid: number; shard: number }>(sql`select distinct inbox.room_nid as nid, ${SHARD} as shard from inbox
    left join room on room.nid = inbox.room_nid where ${isDue(now, LONGEST_RETRY_MS)} and ${SHARD} ${sql.in(shards)}`);
}

/** When something is due next, later than now, in rooms of some shards. */
export async function nextDue(db: Queryable, shards: readonly number[], now: number): Promise<number | undefined> {
  const row = await db.get<{ due: number | null }>(sql`select min(due) as due from inbox
    left join room on room.nid = inbox.room_nid where due > ${now} and ${SHARD} ${sql.in(shards)}`);
  return row?.due ?? undefined;
}

export async function removeFromInbox(tx: Tx, nids: readonly number[]): Promise<void> {
  await tx.run(sql`delete from inbox where nid ${sql.in(nids)}`);
}

/** The event is tried again later, or, with `due` null, only by somebody's hand. */
export async function postpone(
  tx: Tx,
  nid: number,
  { due, reason }: { readonly due: number | null; readonly reason: string },
): Promise<void> {
  await tx.run(sql`update inbox set due = ${due}, tries = tries + 1, reason = ${reason} where nid = ${nid}`);
}

/** What waits of a server, and what was set aside, is tried again at once. Answers the rooms of it. */
export async function hastenInbox(tx: Tx, originNid: number, now: number): Promise<{ nid: number; shard: number }[]> {
  await tx.run(sql`update inbox set due = ${now} where origin_nid = ${originNid} and (due is null or due > ${now})`);
  return tx.all<{ nid: number; shard: number }>(sql`select distinct inbox.room_nid as nid, ${SHARD} as shard from inbox
    left join room on room.nid = inbox.room_nid where origin_nid = ${originNid} and due <= ${now}`);
}

/** How many events of one server wait. */
export async function countWaiting(db: Queryable, originNid: number): Promise<number> {
  const row = await db.get<{ n: number }>(
    sql`select count(*) as n from inbox where origin_nid = ${originNid} and due is not null`,
  );
  return row?.n ?? 0;
}

/** How many events wait, and how many were set aside. */
export async function inboxFigures(db: Queryable): Promise<{ waiting: number; aside: number }> {
  const row = await db.get<{ waiting: number; total: number }>(
    sql`select count(due) as waiting, count(*) as total from inbox`,
  );
  return { waiting: row?.waiting ?? 0, aside: (row?.total ?? 0) - (row?.waiting ?? 0) };
}

export async function answerOf(db: Queryable, originNid: number, txnId: string): Promise<string | undefined> {
  const row = await db.get<{ answer: string }>(
    sql`select answer from inbox_transaction where origin_nid = ${originNid} and txn_id = ${txnId}`,
  );
  return row?.answer;
}

export async function rememberTransaction(
  tx: Tx,
  { originNid, txnId, answer }: { readonly originNid: number; readonly txnId: string; readonly answer: string },
  now: number,
): Promise<void> {
  await tx.run(sql`insert into inbox_transaction (origin_nid, txn_id, ts, answer)
    values (${originNid}, ${txnId}, ${now}, ${answer}) on conflict do nothing`);
}

/** Forgets transactions of before `ts`, at most `limit` of them. */
export async function pruneTransactionsOfServers(tx: Tx, ts: number, limit: number): Promise<number> {
  return tx.run(sql`delete from inbox_transaction where (origin_nid, txn_id) in (
    select origin_nid, txn_id from inbox_transaction where ts < ${ts} order by ts limit ${limit})`);
}
