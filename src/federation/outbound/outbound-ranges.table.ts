import type { Queryable, Tx } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

/** What a server has not got of ours from a room's log. */
export interface OutboundRange {
  readonly domain_nid: number;
  readonly room_nid: number;
  /** LOG_EVENT or LOG_RECEIPT. */
  readonly kind: number;
  readonly from_pos: number;
  /** The last position that is the server's to know; null while it is in the room. */
  readonly until_pos: number | null;
  readonly since: number;
}

export interface NewRange {
  readonly roomNid: number;
  readonly kind: number;
  readonly from: number;
  readonly since: number;
}

/** Whom an entry of a room's log is for: all servers with joined users now, but for some. */
export interface Audience {
  /** Our own server. */
  readonly own: number;
  readonly without: readonly number[];
  /** Servers that have no joined users any more. */
  readonly and: readonly number[];
}

/** Opens a range for everybody who has none open there. Answers the numbers of those for whom it was opened. */
export async function openRanges(tx: Tx, range: NewRange, audience: Audience): Promise<number[]> {
  const { roomNid, kind, from, since } = range;
  const without = [audience.own, ...audience.without];
  const opened = await tx.all<{ domain_nid: number }>(sql`
    insert into outbound_room (domain_nid, room_nid, kind, from_pos, since)
    select domain_nid, ${roomNid}, ${kind}, ${from}, ${since} from room_domain
      where room_nid = ${roomNid} and joined > 0 and not (domain_nid ${sql.in(without)})
        and not exists (select 1 from outbound_room o
          where o.room_nid = ${roomNid} and o.kind = ${kind} and o.domain_nid = room_domain.domain_nid and o.until_pos is null)
    on conflict do nothing returning domain_nid`);
  if (audience.and.length > 0) {
    const rows = audience.and.map(domainNid => [domainNid, roomNid, kind, from, since]);
    const more = await tx.all<{ domain_nid: number }>(sql`
      insert into outbound_room (domain_nid, room_nid, kind, from_pos, since) values ${sql.rows(rows)}
      on conflict do nothing returning domain_nid`);
    opened.push(...more);
  }
  return opened.map(row => row.domain_nid);
}

/** Ends the open ranges of servers that have left a room with the entry at `until`. */
export async function closeRanges(
  tx: Tx,
  roomNid: number,
  domainNids: readonly number[],
  until: number,
): Promise<void> {
  await tx.run(sql`update outbound_room set until_pos = ${until}
    where room_nid = ${roomNid} and domain_nid ${sql.in(domainNids)} and until_pos is null`);
}

/** Has one event sent to a server that is not in the room (any more). Whether it was not to be sent already. */
export async function addSingle(tx: Tx, domainNid: number, range: NewRange): Promise<boolean> {
  const { roomNid, kind, from, since } = range;
  const covered = await tx.get(sql`select 1 from outbound_room where domain_nid = ${domainNid} and room_nid = ${roomNid}
    and kind = ${kind} and from_pos <= ${from} and (until_pos is null or until_pos >= ${from})`);
  if (covered !== undefined) return false;
  await tx.run(sql`insert into outbound_room (domain_nid, room_nid, kind, from_pos, until_pos, since)
    values (${domainNid}, ${roomNid}, ${kind}, ${from}, ${from}, ${since}) on conflict do nothing`);
  return true;
}

/** What waits for a server, longest first. */
export async function rangesOf(db: Queryable, domainNid: number, limit: number): Promise<OutboundRange[]> {
  return db.all<OutboundRange>(sql`select domain_nid, room_nid, kind, from_pos, until_pos, since from outbound_room
    where domain_nid = ${domainNid} order by since, room_nid, kind, from_pos limit ${limit}`);
}

export interface RangeMove {
  readonly roomNid: number;
  readonly kind: number;
  readonly from: number;
  /** Up to here everything has arrived. */
  readonly upTo: number;
  /** How far the follower of the logs is, under its lock: what comes later opens a range again. */
  readonly followed: number;
  readonly now: number;
}

/**
 * Moves the same range of several servers on, or takes it away where nothing of ours is left in it. Answers the numbers of
 * those for whom something is.
 */
export async function moveRanges(tx: Tx, domainNids: readonly number[], move: RangeMove): Promise<readonly number[]> {
  const { roomNid, kind, from, upTo, followed, now } = move;
  const range = sql`room_nid = ${roomNid} and kind = ${kind} and from_pos = ${from} and domain_nid ${sql.in(domainNids)}`;
  // Kind 0 is LOG_EVENT, kind 1 LOG_RECEIPT.
  const rest =
    kind === 0
      ? sql`select 1 from event where room_nid = ${roomNid} and flags >= 16 and pos > ${upTo} and pos <= ${followed}`
      : sql`select 1 from receipt where room_nid = ${roomNid} and pos > ${upTo} and pos <= ${followed}`;
  await tx.run(sql`delete from outbound_room where ${range} and (until_pos <= ${upTo} or not exists (${rest}))`);
  if (upTo < from) return domainNids;
  const left = await tx.all<{ domain_nid: number }>(
    sql`update outbound_room set from_pos = ${upTo + 1}, since = ${now} where ${range} returning domain_nid`,
  );
  return left.map(row => row.domain_nid);
}

/** Since when the server that waits longest waits. */
export async function oldestRange(db: Queryable): Promise<number | undefined> {
  return (
    (await db.get<{ since: number | null }>(sql`select min(since) as since from outbound_room`))?.since ?? undefined
  );
}
