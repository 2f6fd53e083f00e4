import type { EventId, RoomId } from '../../core/ids.ts';
import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import { OWN, REJECTED, SOFT_FAILED } from '../../rooms/room.ts';

export interface WaitingRow {
  readonly rooms: number;
  readonly since: number | null;
  readonly edus: number;
  readonly edu_bytes: number;
  readonly largest: number;
  readonly lists: number;
}

/** What waits for a server. */
export async function waitingFor(db: Queryable, domainNid: number): Promise<WaitingRow | undefined> {
  return db.get<WaitingRow>(sql`select
    (select count(distinct room_nid) from outbound_room where domain_nid = ${domainNid}) as rooms,
    (select min(since) from outbound_room where domain_nid = ${domainNid}) as since,
    (select count(*) from outbound_edu where domain_nid = ${domainNid}) as edus,
    (select cast(coalesce(sum(bytes), 0) as bigint) from outbound_edu where domain_nid = ${domainNid}) as edu_bytes,
    (select coalesce(max(bytes), 0) from outbound_edu where domain_nid = ${domainNid}) as largest,
    (select count(*) from outbound_device_list where domain_nid = ${domainNid}) as lists`);
}

export interface SetAsideRow {
  readonly ts: number;
  readonly kind: string;
  readonly event_id: string | null;
  readonly bytes: number;
  readonly reason: string;
}

/** What a server could not be sent since a time, the newest first. */
export async function setAsideFor(
  db: Queryable,
  domainNid: number,
  since: number,
  limit: number,
): Promise<SetAsideRow[]> {
  return db.all<SetAsideRow>(sql`select ts, kind, event_id, coalesce(length(json), 0) as bytes, reason
    from outbound_set_aside where domain_nid = ${domainNid} and ts > ${since} order by nid desc limit ${limit}`);
}

/** The transactions of a server that were answered in the last days. */
export async function transactionsOf(db: Queryable, originNid: number): Promise<{ n: number; at: number | null }> {
  const row = await db.get<{ n: number; at: number | null }>(
    sql`select count(*) as n, max(ts) as at from inbox_transaction where origin_nid = ${originNid}`,
  );
  return row ?? { n: 0, at: null };
}

export interface WaitingRoomRow {
  readonly room_id: RoomId;
  readonly events: number;
  readonly since: number;
}

/** Rooms in which events of a server wait to be taken in, the longest first. */
export async function waitingRooms(db: Queryable, originNid: number, limit: number): Promise<WaitingRoomRow[]> {
  return db.all<WaitingRoomRow>(sql`select room.room_id, count(*) as events, min(inbox.received_ts) as since
    from inbox join room on room.nid = inbox.room_nid
    where inbox.origin_nid = ${originNid} and inbox.due is not null
    group by room.room_id order by since, room.room_id limit ${limit}`);
}

/** Of some events those that wait to be taken in, with the times at which they came. */
export async function waitingSince(db: Queryable, eventIds: readonly EventId[]): Promise<Map<EventId, number>> {
  const rows = await db.all<{ event_id: EventId; received_ts: number }>(sql`select event_id, received_ts from inbox
    where event_id ${sql.in(eventIds)} and due is not null`);
  return new Map(rows.map(row => [row.event_id, row.received_ts]));
}

export interface StuckRow {
  readonly room_id: RoomId;
  readonly event_id: EventId;
  readonly tries: number;
  readonly since: number;
  readonly reason: string;
}

/** Events of a server that were tried so often in vain, those with most tries first. */
export async function stuckEvents(db: Queryable, originNid: number, tries: number, limit: number): Promise<StuckRow[]> {
  return db.all<StuckRow>(sql`select room.room_id, inbox.event_id, inbox.tries, inbox.received_ts as since,
      coalesce(inbox.reason, '') as reason
    from inbox join room on room.nid = inbox.room_nid
    where inbox.origin_nid = ${originNid} and inbox.due is not null and inbox.tries >= ${tries}
    order by inbox.tries desc, inbox.nid limit ${limit}`);
}

/** Events of a server that were given up since a time, by the reason. */
export async function asideOf(
  db: Queryable,
  originNid: number,
  since: number,
  limit: number,
): Promise<{ reason: string; events: number }[]> {
  return db.all<{
    reason: string;
    events: number;
  }>(sql`select coalesce(reason, '') as reason, count(*) as events from inbox
    where origin_nid = ${originNid} and due is null and received_ts > ${since}
    group by inbox.reason order by events desc limit ${limit}`);
}

export interface RefusedRow {
  readonly reason: string;
  readonly rejected: number;
  readonly events: number;
  readonly newest: number;
  /** The number of the one that came last. */
  readonly last: number;
}

/** Events of a server's users in a room that we refused since a time, by the reason. */
export async function refusedOf(
  db: Queryable,
  { roomNid, domainNid, since, limit }: { roomNid: number; domainNid: number; since: number; limit: number },
): Promise<RefusedRow[]> {
  return db.all<RefusedRow>(sql`select reason, rejected, count(*) as events, max(ts) as newest, max(nid) as last
    from (select event.nid, coalesce(event.reason, '') as reason, event.flags & ${REJECTED} as rejected, event.ts
      from event join user_name on user_name.nid = event.sender_nid
      where event.room_nid = ${roomNid} and event.ts > ${since} and user_name.domain_nid = ${domainNid}
        and (event.flags & ${REJECTED | SOFT_FAILED}) <> 0) refused
    group by reason, rejected order by events desc, reason limit ${limit}`);
}

export interface RoomHoleRow {
  readonly event_id: EventId;
  readonly first_seen: number;
  readonly tries: number;
  readonly due: number | null;
  readonly asked: string;
}

/** What is missing of a room, the longest first. */
export async function holesOf(db: Queryable, roomNid: number, limit: number): Promise<RoomHoleRow[]> {
  return db.all<RoomHoleRow>(sql`select event_id, first_seen, tries, due, asked from hole
    where room_nid = ${roomNid} order by first_seen, event_id limit ${limit}`);
}

export async function countHoles(db: Queryable, roomNid: number): Promise<{ missing: number; wanted: number }> {
  const row = await db.get<{ missing: number; wanted: number }>(
    sql`select count(*) as missing, count(due) as wanted from hole where room_nid = ${roomNid}`,
  );
  return row ?? { missing: 0, wanted: 0 };
}

/** How many ends a room has, and how deep the deepest is. */
export async function endsOf(db: Queryable, roomNid: number): Promise<{ ends: number; depth: number }> {
  const row = await db.get<{
    ends: number;
    depth: number | null;
  }>(sql`select count(*) as ends, max(event.depth) as depth
    from extremity join event on event.nid = extremity.event_nid where extremity.room_nid = ${roomNid}`);
  return { ends: row?.ends ?? 0, depth: row?.depth ?? 0 };
}

/** Why a server does not tell us what a room ends with. */
export async function refusalOf(
  db: Queryable,
  roomNid: number,
  domainNid: number,
): Promise<{ ts: number; reason: string } | undefined> {
  return db.get<{ ts: number; reason: string }>(
    sql`select ts, reason from probe_refusal where room_nid = ${roomNid} and domain_nid = ${domainNid}`,
  );
}

/** The first and the last of our own events in a room, by number. */
export async function ownEventsAtEnds(db: Queryable, roomNid: number, each: number): Promise<number[]> {
  const own = sql`room_nid = ${roomNid} and flags >= 16 and (flags & ${OWN}) <> 0 and pos is not null`;
  const first = await db.all<{ nid: number }>(sql`select nid from event where ${own} order by pos limit ${each}`);
  const last = await db.all<{ nid: number }>(sql`select nid from event where ${own} order by pos desc limit ${each}`);
  return [...new Set([...first, ...last].map(row => row.nid))];
}

/** Our own events with a number above `after`, by number. */
export async function ownEventsAfter(db: Queryable, after: number, limit: number): Promise<number[]> {
  const rows = await db.all<{ nid: number }>(sql`select nid from event
    where nid > ${after} and flags >= 16 and (flags & ${OWN}) <> 0 order by nid limit ${limit}`);
  return rows.map(row => row.nid);
}

export interface SharedRoomRow {
  readonly room_nid: number;
  /** Users who are joined: ours, and those of the server. */
  readonly here: number;
  readonly there: number;
  /** Further servers in it. */
  readonly others: number;
}

/** Rooms shared with a server: those with most missing first, then the largest. */
export async function roomsSharedWith(
  db: Queryable,
  domainNid: number,
  ownDomainNid: number,
  limit: number,
): Promise<SharedRoomRow[]> {
  return db.all<SharedRoomRow>(sql`
    select theirs.room_nid, ours.joined as here, theirs.joined as there,
      (select count(*) from room_domain third where third.room_nid = theirs.room_nid and third.joined > 0
        and third.domain_nid not in (${domainNid}, ${ownDomainNid})) as others from room_domain theirs
    join room_domain ours on ours.room_nid = theirs.room_nid and ours.domain_nid = ${ownDomainNid} and ours.joined > 0
    where theirs.domain_nid = ${domainNid} and theirs.joined > 0
    order by (select count(*) from hole where hole.room_nid = theirs.room_nid) desc, theirs.joined + ours.joined desc,
      theirs.room_nid limit ${limit}`);
}
