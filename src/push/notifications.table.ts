import type { Queryable, Tx } from '../db/database.ts';
import { type Sql, sql } from '../db/sql.ts';

export interface NotificationRow {
  readonly userNid: number;
  readonly roomNid: number;
  /** The event's position in the room's shard. */
  readonly pos: number;
  readonly eventNid: number;
  /** The ID of the thread's root, or `main`. */
  readonly thread: string;
  readonly highlight: boolean;
  /** The actions as JSON. */
  readonly actions: string;
  /** Milliseconds. */
  readonly ts: number;
}

export interface ThreadCounts {
  readonly notify: number;
  readonly highlight: number;
}

/** Unread notifications of one room. The sums are over all threads, `main` among them. */
export interface RoomCounts extends ThreadCounts {
  readonly threads: ReadonlyMap<string, ThreadCounts>;
}

/** Rows that go into one statement: both databases bound the number of parameters. */
const ROWS_AT_ONCE = 500;

/** Writes notifications; those that exist already stay. Answers which users got a new one. */
export async function addNotifications(tx: Tx, rows: readonly NotificationRow[]): Promise<NotificationRow[]> {
  const added: NotificationRow[] = [];
  for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
    const batch = rows.slice(at, at + ROWS_AT_ONCE);
    const written = await tx.all<{ user_nid: number; room_nid: number; pos: number }>(
      sql`insert into notification (user_nid, room_nid, pos, event_nid, thread, highlight, actions, ts)
        values ${sql.rows(batch.map(valuesOf))} on conflict do nothing returning user_nid, room_nid, pos`,
    );
    const keys = new Set(written.map(row => `${row.user_nid} ${row.room_nid} ${row.pos}`));
    added.push(...batch.filter(row => keys.has(`${row.userNid} ${row.roomNid} ${row.pos}`)));
  }
  return added;
}

function valuesOf(row: NotificationRow): (string | number)[] {
  const { userNid, roomNid, pos, eventNid, thread, actions, ts } = row;
  return [userNid, roomNid, pos, eventNid, thread, row.highlight ? 1 : 0, actions, ts];
}

/** Marks as read what a user got in a room up to a position, in one thread or (`undefined`) all. Answers how many. */
export async function markRead(
  tx: Tx,
  userNid: number,
  roomNid: number,
  thread: string | undefined,
  pos: number,
): Promise<number> {
  const inThread = thread === undefined ? sql.empty : sql`and thread = ${thread}`;
  return tx.run(
    sql`update notification set is_read = 1
      where user_nid = ${userNid} and room_nid = ${roomNid} and is_read = 0 and pos <= ${pos} ${inThread}`,
  );
}

/** Unread notifications by room, of each up to a position; rooms without any are left out. */
export async function counts(
  db: Queryable,
  userNid: number,
  upTo: ReadonlyMap<number, number>,
): Promise<Map<number, RoomCounts>> {
  if (upTo.size === 0) return new Map();
  // Rooms of one shard end at the same position, so there are at most as many of these as there are shards.
  const stretches = [...Map.groupBy(upTo, ([, pos]) => pos)].map(
    ([pos, some]) => sql`(room_nid ${sql.in(some.map(([nid]) => nid))} and pos <= ${pos})`,
  );
  const rows = await db.all<{ room_nid: number; thread: string; notify: number; highlight: number }>(
    sql`select room_nid, thread, count(*) as notify, sum(highlight) as highlight from notification
      where user_nid = ${userNid} and is_read = 0 and room_nid ${sql.in([...upTo.keys()])}
        and (${sql.join(stretches, ' or ')}) group by room_nid, thread`,
  );
  const rooms = new Map<number, { notify: number; highlight: number; threads: Map<string, ThreadCounts> }>();
  for (const { room_nid, thread, notify, highlight } of rows) {
    const room = rooms.get(room_nid) ?? { notify: 0, highlight: 0, threads: new Map() };
    rooms.set(room_nid, room);
    room.notify += notify;
    room.highlight += highlight;
    room.threads.set(thread, { notify, highlight });
  }
  return rooms;
}

/** All unread notifications of a user: what a badge shows. */
export async function unreadTotal(db: Queryable, userNid: number): Promise<number> {
  const row = await db.get<{ unread: number }>(
    sql`select count(*) as unread from notification where user_nid = ${userNid} and is_read = 0`,
  );
  return row?.unread ?? 0;
}

export interface StoredNotification extends NotificationRow {
  readonly isRead: boolean;
}

interface StoredRow {
  readonly user_nid: number;
  readonly room_nid: number;
  readonly pos: number;
  readonly event_nid: number;
  readonly thread: string;
  readonly highlight: number;
  readonly actions: string;
  readonly ts: number;
  readonly is_read: number;
}

const COLUMNS = sql`user_nid, room_nid, pos, event_nid, thread, highlight, actions, ts, is_read`;

function fromRow(row: StoredRow): StoredNotification {
  return {
    userNid: row.user_nid,
    roomNid: row.room_nid,
    pos: row.pos,
    eventNid: row.event_nid,
    thread: row.thread,
    highlight: row.highlight === 1,
    actions: row.actions,
    ts: row.ts,
    isRead: row.is_read === 1,
  };
}

/** One notification, or undefined. */
export async function notificationAt(
  db: Queryable,
  userNid: number,
  roomNid: number,
  pos: number,
): Promise<StoredNotification | undefined> {
  const row = await db.get<StoredRow>(
    sql`select ${COLUMNS} from notification where user_nid = ${userNid} and room_nid = ${roomNid} and pos = ${pos}`,
  );
  return row === undefined ? undefined : fromRow(row);
}

/** A place in a user's history of notifications: the last one that was given out. */
export interface HistoryPlace {
  readonly ts: number;
  readonly roomNid: number;
  readonly pos: number;
}

/** A user's notifications from the newest one back, or behind a place. */
export async function notificationHistory(
  db: Queryable,
  userNid: number,
  options: { readonly before: HistoryPlace | undefined; readonly limit: number; readonly onlyHighlights: boolean },
): Promise<StoredNotification[]> {
  const { before, limit, onlyHighlights } = options;
  const conditions: Sql[] = [sql`user_nid = ${userNid}`];
  if (onlyHighlights) conditions.push(sql`highlight = 1`);
  if (before !== undefined)
    conditions.push(sql`(ts, room_nid, pos) < (${before.ts}, ${before.roomNid}, ${before.pos})`);
  const rows = await db.all<StoredRow>(
    sql`select ${COLUMNS} from notification where ${sql.all(conditions)}
      order by ts desc, room_nid desc, pos desc limit ${limit}`,
  );
  return rows.map(fromRow);
}

/** Deletes read notifications of before `ts`, at most `limit` of them. Answers how many went. */
export async function pruneRead(tx: Tx, ts: number, limit: number): Promise<number> {
  return tx.run(
    sql`delete from notification where (user_nid, room_nid, pos) in (
      select user_nid, room_nid, pos from notification where is_read = 1 and ts < ${ts} order by ts limit ${limit})`,
  );
}

/** Deletes what some users got in a room that is deleted. */
export async function deleteNotificationsOf(tx: Tx, roomNid: number, userNids: readonly number[]): Promise<void> {
  await tx.run(sql`delete from notification where user_nid ${sql.in(userNids)} and room_nid = ${roomNid}`);
}

/** Deletes what a user got in a room: when the user forgets it or the room is purged. */
export async function deleteNotifications(tx: Tx, userNid: number, roomNid: number): Promise<number> {
  return tx.run(sql`delete from notification where user_nid = ${userNid} and room_nid = ${roomNid}`);
}
