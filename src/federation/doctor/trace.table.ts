import type { EventId, RoomId } from '../../core/ids.ts';
import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

/** What the row of an event says beside the event itself. */
export async function reasonOfEvent(db: Queryable, nid: number): Promise<string | undefined> {
  const row = await db.get<{ reason: string | null }>(sql`select reason from event where nid = ${nid}`);
  return row?.reason ?? undefined;
}

export interface WaitingEventRow {
  readonly origin: string;
  readonly room_id: RoomId;
  readonly received_ts: number;
  readonly due: number | null;
  readonly tries: number;
  readonly reason: string | null;
}

/** An event that came and is not taken in yet. */
export async function waitingEvent(db: Queryable, eventId: EventId): Promise<WaitingEventRow | undefined> {
  return db.get<WaitingEventRow>(sql`select domain.name as origin, room.room_id, inbox.received_ts, inbox.due, inbox.tries,
      inbox.reason
    from inbox join domain on domain.nid = inbox.origin_nid join room on room.nid = inbox.room_nid
    where inbox.event_id = ${eventId}`);
}

export interface MissingEventRow {
  readonly room_id: RoomId;
  readonly wanted_by: string | null;
  readonly first_seen: number;
  readonly due: number | null;
  readonly tries: number;
  readonly asked: string;
}

/** An event that others build on and that nobody has given us. */
export async function missingEvent(db: Queryable, eventId: EventId): Promise<MissingEventRow | undefined> {
  return db.get<MissingEventRow>(sql`select room.room_id, event.event_id as wanted_by, hole.first_seen, hole.due, hole.tries,
      hole.asked
    from hole join room on room.nid = hole.room_nid left join event on event.nid = hole.wanted_by
    where hole.event_id = ${eventId}`);
}

export interface ServerWaitingRow {
  readonly server: string;
  readonly since: number;
  readonly retry_at: number | null;
  readonly reason: string | null;
}

/** Servers that have not acknowledged what lies at a position of a room's log, those that wait longest first. */
export async function serversWaitingFor(
  db: Queryable,
  { roomNid, kind, pos, limit }: { roomNid: number; kind: number; pos: number; limit: number },
): Promise<ServerWaitingRow[]> {
  return db.all<ServerWaitingRow>(sql`select domain.name as server, o.since, d.retry_at, d.reason
    from outbound_room o join domain on domain.nid = o.domain_nid left join destination d on d.domain_nid = o.domain_nid
    where o.room_nid = ${roomNid} and o.kind = ${kind} and o.from_pos <= ${pos}
      and (o.until_pos is null or o.until_pos >= ${pos})
    order by o.since, domain.name limit ${limit}`);
}

/** Servers that could not be sent an event, with the reason. */
export async function serversWithout(db: Queryable, eventId: EventId): Promise<{ server: string; reason: string }[]> {
  return db.all<{ server: string; reason: string }>(sql`select domain.name as server, s.reason
    from outbound_set_aside s join domain on domain.nid = s.domain_nid where s.event_id = ${eventId} order by s.nid`);
}

export async function isExtremity(db: Queryable, roomNid: number, eventNid: number): Promise<boolean> {
  const row = await db.get(
    sql`select 1 as found from extremity where room_nid = ${roomNid} and event_nid = ${eventNid}`,
  );
  return row !== undefined;
}

/** How many users have said that they read up to a position of a room or further. */
export async function readersFrom(db: Queryable, roomNid: number, pos: number): Promise<number> {
  const row = await db.get<{ n: number }>(sql`select count(distinct user_nid) as n from receipt
    where room_nid = ${roomNid} and event_pos >= ${pos} and receipt_type = 'm.read'`);
  return row?.n ?? 0;
}

/** Events of a room whose senders say that they made them up to a time, the newest first: in whatever way they are stored. */
export async function eventsOfRoom(
  db: Queryable,
  { roomNid, senderNid, upTo, limit }: { roomNid: number; senderNid: number | undefined; upTo: number; limit: number },
): Promise<{ nid: number; reason: string | null }[]> {
  const bySender = senderNid === undefined ? sql`` : sql`and sender_nid = ${senderNid}`;
  return db.all<{ nid: number; reason: string | null }>(sql`select nid, reason from event
    where room_nid = ${roomNid} and ts <= ${upTo} ${bySender} order by ts desc, nid desc limit ${limit}`);
}
