import type { Queryable, Tx } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

export interface AllowanceRow {
  /** Requests that were answered with 429 since a moment, and the last of them. */
  readonly limited: number;
  readonly limited_since: number;
  readonly limited_at: number;
  /** By what its limits were raised, and when; 1 and 0 where they were not. */
  readonly factor: number;
  readonly raised_at: number;
}

export async function allowanceOf(db: Queryable, domainNid: number): Promise<AllowanceRow | undefined> {
  return db.get<AllowanceRow>(sql`select limited, limited_since, limited_at, factor, raised_at from peer_allowance
    where domain_nid = ${domainNid}`);
}

/** Counts answers of 429; after a pause the count begins anew. */
export async function addLimited(
  tx: Tx,
  domainNid: number,
  { times, now, pauseMs }: { readonly times: number; readonly now: number; readonly pauseMs: number },
): Promise<void> {
  const isOver = sql`peer_allowance.limited_at < ${now - pauseMs}`;
  await tx.run(sql`insert into peer_allowance (domain_nid, limited, limited_since, limited_at, factor, raised_at)
    values (${domainNid}, ${times}, ${now}, ${now}, 1, 0)
    on conflict (domain_nid) do update set limited_at = excluded.limited_at,
      limited = case when ${isOver} then 0 else peer_allowance.limited end + excluded.limited,
      limited_since = case when ${isOver} then excluded.limited_since else peer_allowance.limited_since end`);
}

export async function setFactor(tx: Tx, domainNid: number, factor: number, now: number): Promise<void> {
  await tx.run(sql`update peer_allowance set factor = ${factor}, raised_at = ${now} where domain_nid = ${domainNid}`);
}

/** Forgets those that had no 429 since a time, and were not raised since. */
export async function pruneAllowances(tx: Tx, before: number): Promise<void> {
  await tx.run(sql`delete from peer_allowance where limited_at < ${before} and raised_at < ${before}`);
}

/** How many servers' limits were raised since a time. */
export async function countRaised(db: Queryable, since: number): Promise<number> {
  const row = await db.get<{ n: number }>(
    sql`select count(*) as n from peer_allowance where factor > 1 and raised_at > ${since}`,
  );
  return row?.n ?? 0;
}

/** Servers that were answered with 429 since a time, the last first. */
export async function limitedSince(db: Queryable, since: number, limit: number): Promise<number[]> {
  const rows = await db.all<{ domain_nid: number }>(sql`select domain_nid from peer_allowance
    where limited_at > ${since} order by limited_at desc, domain_nid limit ${limit}`);
  return rows.map(row => row.domain_nid);
}

/** In how many rooms users of both are, up to a number. */
export async function roomsOfBoth(db: Queryable, domainNid: number, ownNid: number, most: number): Promise<number> {
  const row = await db.get<{ n: number }>(sql`select count(*) as n from (select 1 from room_domain theirs
    join room_domain ours on ours.room_nid = theirs.room_nid
    where theirs.domain_nid = ${domainNid} and theirs.joined > 0 and ours.domain_nid = ${ownNid} and ours.joined > 0
    limit ${most}) shared`);
  return row?.n ?? 0;
}

/** Of the events of a server that wait, how many there are, and how many were tried so often in vain. */
export async function waitingOf(
  db: Queryable,
  originNid: number,
  tries: number,
): Promise<{ readonly events: number; readonly stuck: number }> {
  const row = await db.get<{ events: number; stuck: number }>(sql`select count(*) as events,
      count(case when tries >= ${tries} then 1 end) as stuck
    from inbox where origin_nid = ${originNid} and due is not null`);
  return row ?? { events: 0, stuck: 0 };
}

/** Of the last so many events that were stored, how many are of a server's users, and how many of these we refused. */
export async function latelyRefused(
  db: Queryable,
  domainNid: number,
  among: number,
): Promise<{ readonly events: number; readonly refused: number }> {
  const row = await db.get<{ events: number; refused: number }>(sql`select count(*) as events,
      count(case when (event.flags & 3) <> 0 then 1 end) as refused
    from event join user_name on user_name.nid = event.sender_nid
    where event.nid > (select coalesce(max(nid), 0) from event) - ${among} and (event.flags & 4) = 0
      and user_name.domain_nid = ${domainNid}`);
  return row ?? { events: 0, refused: 0 };
}
