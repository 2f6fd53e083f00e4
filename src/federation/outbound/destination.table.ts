import type { Queryable, Tx } from '../../db/database.ts';
import { type Sql, sql } from '../../db/sql.ts';
import { SLOTS } from './slots.ts';

/** What is known against a server as a receiver. */
export interface Standing {
  /** Milliseconds since 1970; null while it takes what it is sent. */
  readonly failing_since: number | null;
  /** Failures in a row. */
  readonly tries: number;
  readonly tried_at: number | null;
  /** When it is tried again. */
  readonly retry_at: number | null;
  /** Why the last try failed. */
  readonly reason: string | null;
  /** The transaction that it has not acknowledged: see `Pending`. */
  readonly pending: string | null;
}

/** Whether a server belongs to one of some slots. */
function isIn(slots: readonly number[]): Sql {
  return sql`domain_nid % ${SLOTS} ${sql.in(slots)}`;
}

export async function findStanding(db: Queryable, domainNid: number): Promise<Standing | undefined> {
  return db.get<Standing>(sql`select failing_since, tries, tried_at, retry_at, reason, pending from destination
    where domain_nid = ${domainNid}`);
}

/** Servers that have taken nothing since before a moment. */
export async function failingSince(db: Queryable, before: number): Promise<ReadonlySet<number>> {
  const rows = await db.all<{ domain_nid: number }>(
    sql`select domain_nid from destination where failing_since < ${before}`,
  );
  return new Set(rows.map(row => row.domain_nid));
}

export interface Failure {
  readonly now: number;
  readonly retryAt: number;
  readonly reason: string;
}

export async function recordFailure(tx: Tx, domainNid: number, failure: Failure): Promise<void> {
  const { now, retryAt, reason } = failure;
  await tx.run(sql`insert into destination (domain_nid, failing_since, tries, tried_at, retry_at, reason)
    values (${domainNid}, ${now}, 1, ${now}, ${retryAt}, ${reason})
    on conflict (domain_nid) do update set failing_since = coalesce(destination.failing_since, excluded.failing_since),
      tries = destination.tries + 1, tried_at = excluded.tried_at, retry_at = excluded.retry_at,
      reason = excluded.reason`);
}

/** Writes down what some servers are about to be sent. */
export async function keepPending(
  tx: Tx,
  some: readonly { readonly domainNid: number; readonly pending: string }[],
): Promise<void> {
  // In one order, so that two that write to the same servers do not wait for each other in a circle.
  const rows = some.toSorted((a, b) => a.domainNid - b.domainNid).map(({ domainNid, pending }) => [domainNid, pending]);
  await tx.run(sql`insert into destination (domain_nid, pending) values ${sql.rows(rows)}
    on conflict (domain_nid) do update set pending = excluded.pending`);
}

/** Some servers have what they were sent. */
export async function dropPending(tx: Tx, domainNids: readonly number[]): Promise<void> {
  await tx.run(sql`update destination set pending = null where domain_nid ${sql.in(domainNids)}`);
}

/** Nothing is held against these servers any more. */
export async function recordSuccess(tx: Tx, domainNids: readonly number[]): Promise<void> {
  await tx.run(sql`update destination set failing_since = null, tries = 0, tried_at = null, retry_at = null,
    reason = null where domain_nid ${sql.in(domainNids)}`);
}

export interface Due {
  readonly slots: readonly number[];
  readonly now: number;
  readonly until: number;
  readonly limit: number;
}

/**
 * Takes the failing servers of some slots whose time has come, those that wait longest first. They are not taken again
 * before `until`, should this process die meanwhile. A clock that was ahead and is right again has left times that lie far in
 * the future: whoever was tried in the future is tried now.
 */
export async function claimDue(tx: Tx, { slots, now, until, limit }: Due): Promise<number[]> {
  const rows = await tx.all<{ domain_nid: number }>(sql`update destination set retry_at = ${until}
    where domain_nid in (select domain_nid from destination
      where retry_at is not null and (retry_at <= ${now} or tried_at > ${now}) and ${isIn(slots)} order by retry_at limit ${limit})
    returning domain_nid`);
  return rows.map(row => row.domain_nid);
}

/** When the next failing server of some slots is to be tried again. */
export async function nextRetry(db: Queryable, slots: readonly number[]): Promise<number | undefined> {
  const row = await db.get<{ at: number | null }>(
    sql`select min(retry_at) as at from destination where retry_at is not null and ${isIn(slots)}`,
  );
  return row?.at ?? undefined;
}

/**
 * Has a failing server tried again `rest` after the last time, or now if that is over, and counts its failures from the
 * beginning. Answers when it is tried; undefined when it does not fail.
 */
export async function hastenRetry(tx: Tx, domainNid: number, now: number, rest: number): Promise<number | undefined> {
  const row = await tx.get<{ retry_at: number }>(sql`update destination set tries = 0,
      retry_at = case when tried_at between ${now - rest + 1} and ${now} then tried_at + ${rest} else ${now} end
    where domain_nid = ${domainNid} and retry_at is not null returning retry_at`);
  return row?.retry_at;
}

/** The servers that fail for the longest time. */
export async function longestFailing(
  db: Queryable,
  limit: number,
): Promise<{ domain_nid: number; failing_since: number; reason: string }[]> {
  return db.all<{ domain_nid: number; failing_since: number; reason: string }>(sql`
    select domain_nid, failing_since, reason from destination where retry_at is not null
    order by failing_since limit ${limit}`);
}

/** All failing servers of some slots, by number. */
export async function failingServers(db: Queryable, slots: readonly number[]): Promise<number[]> {
  const rows = await db.all<{ domain_nid: number }>(
    sql`select domain_nid from destination where retry_at is not null and ${isIn(slots)}`,
  );
  return rows.map(row => row.domain_nid);
}

/** Servers of some slots that something waits for and that do not fail, by number. */
export async function serversToServe(db: Queryable, slots: readonly number[]): Promise<number[]> {
  const rows = await db.all<{ domain_nid: number }>(sql`select domain_nid from (
      select domain_nid from outbound_room union select domain_nid from outbound_edu
      union select domain_nid from outbound_device_list) waiting
    where ${isIn(slots)} and not exists (select 1 from destination d where d.domain_nid = waiting.domain_nid and d.retry_at is not null)`);
  return rows.map(row => row.domain_nid);
}
