import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

/** Something that a gateway is still to be told. */
export interface QueueEntry {
  readonly nid: number;
  /** 0 when only the badge count changed. */
  readonly roomNid: number;
  readonly pos: number;
  /** Milliseconds. */
  readonly ts: number;
}

export interface NewQueueEntry {
  readonly pusherNid: number;
  readonly userNid: number;
  readonly roomNid: number;
  readonly pos: number;
  readonly ts: number;
}

const ROWS_AT_ONCE = 1000;

export async function enqueuePushes(tx: Tx, entries: readonly NewQueueEntry[]): Promise<void> {
  for (let at = 0; at < entries.length; at += ROWS_AT_ONCE) {
    const rows = entries
      .slice(at, at + ROWS_AT_ONCE)
      .map(({ pusherNid, userNid, roomNid, pos, ts }) => [pusherNid, userNid, roomNid, pos, ts]);
    await tx.run(sql`insert into push_queue (pusher_nid, user_nid, room_nid, pos, ts) values ${sql.rows(rows)}`);
  }
}

/** Has all pushers of a user told the new badge count, unless that waits already. Answers how many. */
export async function enqueueBadge(tx: Tx, userNid: number, ts: number): Promise<number> {
  return tx.run(
    sql`insert into push_queue (pusher_nid, user_nid, room_nid, pos, ts)
      select nid, user_nid, 0, 0, ${ts} from pusher p where user_nid = ${userNid}
        and not exists (select 1 from push_queue q where q.pusher_nid = p.nid and q.room_nid = 0)`,
  );
}

/** The oldest entries of a pusher. */
export async function oldestPushes(db: Queryable, pusherNid: number, limit: number): Promise<QueueEntry[]> {
  const rows = await db.all<{ nid: number; room_nid: number; pos: number; ts: number }>(
    sql`select nid, room_nid, pos, ts from push_queue where pusher_nid = ${pusherNid} order by nid limit ${limit}`,
  );
  return rows.map(row => ({ nid: row.nid, roomNid: row.room_nid, pos: row.pos, ts: row.ts }));
}

export async function deletePushes(tx: Tx, nids: readonly number[]): Promise<void> {
  if (nids.length === 0) return;
  await tx.run(sql`delete from push_queue where nid ${sql.in(nids)}`);
}

/** Deletes what waits for a pusher since before `ts`, and all but the newest `keep` entries. Answers how many went. */
export async function trimPushes(tx: Tx, pusherNid: number, ts: number, keep: number): Promise<number> {
  return tx.run(
    sql`delete from push_queue where pusher_nid = ${pusherNid} and (ts < ${ts} or nid <= coalesce(
      (select nid from push_queue where pusher_nid = ${pusherNid} order by nid desc limit 1 offset ${keep}), 0))`,
  );
}

/** Takes back what gateways were still to be told of a room. The queue is short, so it is looked through. */
export async function deletePushesOf(tx: Tx, roomNid: number): Promise<void> {
  await tx.run(sql`delete from push_queue where room_nid = ${roomNid}`);
}
