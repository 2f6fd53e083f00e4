import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';
import { UNWANTED } from './room-policy.ts';

/**
 * The bits stand here as they stand in the index: 1 and 2 are REJECTED and SOFT_FAILED, 4 is OUTLIER. What a policy server did not
 * want has nothing to do with our state of the room: it stays refused when the room has no such server any more. The plus keeps
 * SQLite from going through all events without a position.
 */
const REFUSED = sql`(flags & 3) <> 0 and (+pos) is null and (reason is null or reason not like ${`${UNWANTED}%`})`;

/** Refused events of a room by number, those without a place among them, with a number above `after`. */
export async function refusedAfter(db: Queryable, roomNid: number, after: number, limit: number): Promise<number[]> {
  const rows = await db.all<{ nid: number }>(sql`select nid from event
    where room_nid = ${roomNid} and ${REFUSED} and nid > ${after} order by nid limit ${limit}`);
  return rows.map(row => row.nid);
}

/** How many refused events of a room with a place have not been judged again by the state that a server, ours or another, has. */
export async function countUnjudged(db: Queryable, roomNid: number, domainNid: number): Promise<number> {
  const row = await db.get<{ n: number }>(sql`select count(*) as n from event
    where room_nid = ${roomNid} and ${REFUSED} and (flags & 4) = 0 and nid > coalesce(
      (select event_nid from judged_again where room_nid = ${roomNid} and domain_nid = ${domainNid}), 0)`);
  return row?.n ?? 0;
}

/** Up to which event of a room they were judged again by the state that a server has; undefined where none was. */
export async function judgedUpTo(db: Queryable, roomNid: number, domainNid: number): Promise<number | undefined> {
  const row = await db.get<{ event_nid: number }>(
    sql`select event_nid from judged_again where room_nid = ${roomNid} and domain_nid = ${domainNid}`,
  );
  return row?.event_nid;
}

export async function setJudgedUpTo(tx: Tx, roomNid: number, domainNid: number, eventNid: number): Promise<void> {
  await tx.run(sql`insert into judged_again (room_nid, domain_nid, event_nid)
    values (${roomNid}, ${domainNid}, ${eventNid})
    on conflict (room_nid, domain_nid) do update set event_nid = excluded.event_nid`);
}

/** Our state of the room was wrong: what it made us refuse may be judged again. */
export async function forgetJudged(tx: Tx, roomNid: number): Promise<void> {
  await tx.run(sql`delete from judged_again where room_nid = ${roomNid}`);
}

/** An event without a place is rejected no more. */
export async function acquit(tx: Tx, nid: number): Promise<void> {
  await tx.run(sql`update event set flags = flags - 1, reason = null where nid = ${nid} and (flags & 1) <> 0`);
}
