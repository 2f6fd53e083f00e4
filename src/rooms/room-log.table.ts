import type { Bus } from '../bus/bus.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

export const LOG_EVENT = 0;
export const LOG_RECEIPT = 1;
export const LOG_DEVICE_LIST = 2;
/** The room's state became another one without an event: its members are all known now. */
export const LOG_STATE = 3;

/**
 * An entry of a shard's room log. `ref` is an event's number or, for receipts and device lists, a user's; for a state its
 * root.
 */
export interface LogEntry {
  readonly shard: number;
  readonly pos: number;
  readonly room_nid: number;
  readonly kind: number;
  readonly ref: number;
}

/** The bus subject on which every new entry of every shard is told, as JSON. */
export const LOG_SUBJECT = 'room-log';

/** The shard has another owner now: this process must not write to it any more. */
export class LostShardError extends Error {
  constructor(shard: number) {
    super(`another process owns shard ${shard} now`);
    this.name = 'LostShardError';
  }
}

/**
 * Takes the next position of a shard's log. The epoch of the lease is checked in the same statement, so that an owner
 * that stalled and woke up cannot write (fencing). The caller writes an entry under it in the same transaction.
 */
export async function takeLogPos(tx: Tx, shard: number, epoch = 0): Promise<number> {
  const row = await tx.get<{ pos: number }>(
    sql`update shard set pos = pos + 1 where shard = ${shard} and epoch = ${epoch} returning pos`,
  );
  if (row === undefined) throw new LostShardError(shard);
  return row.pos;
}

/** Positions that are left out at a gap in a room, for what lies in it. */
export const ROOM_FOR_HISTORY = 1_000_000;

/** Leaves positions out, for what is placed between the entries before and after them later. */
export async function skipLogPositions(tx: Tx, shard: number, count: number): Promise<void> {
  await tx.run(sql`update shard set pos = pos + ${count} where shard = ${shard}`);
}

/** The same in all shards. */
export async function skipAllLogPositions(tx: Tx, count: number): Promise<void> {
  await tx.run(sql`update shard set pos = pos + ${count}`);
}

/** Writes an entry under a position taken before, and tells the bus of it once it is durable. */
export async function writeLog(tx: Tx, bus: Bus, entry: LogEntry): Promise<void> {
  await tx.run(sql`insert into room_log (shard, pos, room_nid, kind, ref)
    values (${entry.shard}, ${entry.pos}, ${entry.room_nid}, ${entry.kind}, ${entry.ref})`);
  tx.afterCommit(() => bus.publish(LOG_SUBJECT, JSON.stringify(entry)));
}

/** Takes a position and writes the entry under it. */
export async function appendToLog(
  tx: Tx,
  bus: Bus,
  room: { readonly nid: number; readonly shard: number },
  kind: number,
  ref: number,
): Promise<number> {
  const pos = await takeLogPos(tx, room.shard);
  await writeLog(tx, bus, { shard: room.shard, pos, room_nid: room.nid, kind, ref });
  return pos;
}

/** The last positions of all shards. */
export async function logHeads(db: Queryable): Promise<number[]> {
  const rows = await db.all<{ shard: number; pos: number }>(sql`select shard, pos from shard order by shard`);
  return rows.map(row => row.pos);
}

/** Entries of one shard with `after < pos <= upTo`, oldest first. */
export async function logBetween(
  db: Queryable,
  shard: number,
  after: number,
  upTo: number,
  limit: number,
): Promise<LogEntry[]> {
  return db.all<LogEntry>(sql`select shard, pos, room_nid, kind, ref from room_log
    where shard = ${shard} and pos > ${after} and pos <= ${upTo} order by pos limit ${limit}`);
}

/** Which of some rooms of one shard have entries with `after < pos <= upTo`. */
export async function roomsWithEntries(
  db: Queryable,
  roomNids: readonly number[],
  after: number,
  upTo: number,
): Promise<number[]> {
  const rows = await db.all<{ room_nid: number }>(sql`select distinct room_nid from room_log
    where room_nid ${sql.in(roomNids)} and pos > ${after} and pos <= ${upTo}`);
  return rows.map(row => row.room_nid);
}

/** Whether a room's state became another one without an event in a stretch of the log. */
export async function hasStateEntry(db: Queryable, roomNid: number, after: number, upTo: number): Promise<boolean> {
  const found = await db.get(sql`select 1 as found from room_log
    where room_nid = ${roomNid} and kind = 3 and pos > ${after} and pos <= ${upTo} limit 1`);
  return found !== undefined;
}

/** The users named by entries of one kind in a room. */
export async function refsBetween(
  db: Queryable,
  roomNid: number,
  kind: number,
  after: number,
  upTo: number,
): Promise<number[]> {
  const rows = await db.all<{ ref: number }>(sql`select distinct ref from room_log
    where room_nid = ${roomNid} and kind = ${kind} and pos > ${after} and pos <= ${upTo}`);
  return rows.map(row => row.ref);
}

/** The last position at which the log names a room. */
export async function lastEntryOf(db: Queryable, roomNid: number): Promise<number> {
  const row = await db.get<{ pos: number | null }>(
    sql`select max(pos) as pos from room_log where room_nid = ${roomNid}`,
  );
  return row?.pos ?? 0;
}
