import type { EventId } from '../core/ids.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';
import { OWN } from './room.ts';

export interface EventRow {
  readonly nid: number;
  readonly event_id: EventId;
  readonly room_nid: number;
  readonly pos: number | null;
  readonly flags: number;
  readonly state_before: number;
  readonly state_after: number;
  readonly room_root: number;
  readonly replaces_nid: number | null;
  readonly json: string;
}

const COLUMNS = sql`nid, event_id, room_nid, pos, flags, state_before, state_after, room_root, replaces_nid, json`;

export interface NewEvent {
  readonly eventId: EventId;
  readonly roomNid: number;
  readonly typeNid: number;
  readonly stateKeyNid: number | null;
  readonly senderNid: number;
  readonly depth: number;
  readonly ts: number;
  readonly flags: number;
  readonly pos: number | null;
  readonly stateBefore: number;
  readonly roomRoot: number;
  readonly replacesNid: number | null;
  readonly reason: string | null;
  readonly json: string;
}

/**
 * Stores events that change no state, or whose state comes with `setStateAfter`; at least one, none known yet. Answers
 * their numbers.
 */
export async function insertEvents(tx: Tx, events: readonly NewEvent[]): Promise<Map<EventId, number>> {
  const rows = events.map(event => [
    event.eventId,
    event.roomNid,
    event.typeNid,
    event.stateKeyNid,
    event.senderNid,
    event.depth,
    event.ts,
    event.flags,
    event.pos,
    event.stateBefore,
    event.stateBefore,
    event.roomRoot,
    event.replacesNid,
    event.reason,
    event.json,
  ]);
  const inserted = await tx.all<{ event_id: EventId; nid: number }>(sql`insert into event (event_id, room_nid, type_nid,
      state_key_nid, sender_nid, depth, ts, flags, pos, state_before, state_after, room_root, replaces_nid, reason, json)
    values ${sql.rows(rows)} returning event_id, nid`);
  return new Map(inserted.map(row => [row.event_id, row.nid]));
}

/** Stores one event, and answers its number. */
export async function insertEvent(tx: Tx, event: NewEvent): Promise<number> {
  const nid = (await insertEvents(tx, [event])).get(event.eventId);
  if (nid === undefined) throw new Error('an insert returned no row');
  return nid;
}

/** Which of some events are stored, with whatever flags. */
export async function storedIds(db: Queryable, ids: readonly EventId[]): Promise<Set<EventId>> {
  const found = new Set<EventId>();
  for (let at = 0; at < ids.length; at += IDS_AT_ONCE) {
    const some = ids.slice(at, at + IDS_AT_ONCE);
    const rows = await db.all<{ event_id: EventId }>(sql`select event_id from event where event_id ${sql.in(some)}`);
    for (const row of rows) found.add(row.event_id);
  }
  return found;
}

const IDS_AT_ONCE = 1000;

/** What the state tree needs of events: numbers of type and state key, and flags. Events that are no state are left out. */
export async function stateKeysOf(
  db: Queryable,
  roomNid: number,
  ids: readonly EventId[],
): Promise<{ nid: number; type_nid: number; state_key_nid: number; flags: number }[]> {
  return db.all<{ nid: number; type_nid: number; state_key_nid: number; flags: number }>(sql`
    select nid, type_nid, state_key_nid, flags from event
    where event_id ${sql.in(ids)} and room_nid = ${roomNid} and state_key_nid is not null`);
}

/** Gives an outlier its place: what it says stays, what is known of it is set. */
export async function promoteEvent(tx: Tx, nid: number, event: NewEvent): Promise<void> {
  await tx.run(sql`update event set flags = ${event.flags}, pos = ${event.pos}, state_before = ${event.stateBefore},
    state_after = ${event.stateBefore}, room_root = ${event.roomRoot}, replaces_nid = ${event.replacesNid},
    reason = ${event.reason}, json = ${event.json} where nid = ${nid}`);
}

/** Sets the state after an event, and the room's resolved state once it was in. */
export async function setStateAfter(tx: Tx, nid: number, stateAfter: number, roomRoot: number): Promise<void> {
  await tx.run(sql`update event set state_after = ${stateAfter}, room_root = ${roomRoot} where nid = ${nid}`);
}

/** Takes a flag from an event. */
export async function unmarkEvent(tx: Tx, nid: number, flag: number): Promise<void> {
  await tx.run(sql`update event set flags = flags & ${0x7fff - flag} where nid = ${nid}`);
}

/** Sets the states around an event anew. */
export async function setStates(
  tx: Tx,
  nid: number,
  { before, after, roomRoot }: { readonly before: number; readonly after: number; readonly roomRoot: number },
): Promise<void> {
  await tx.run(sql`update event set state_before = ${before}, state_after = ${after}, room_root = ${roomRoot}
    where nid = ${nid}`);
}

/** Adds a bit to what was found of an event, with the reason. */
export async function setJudgement(tx: Tx, nid: number, flag: number, reason: string): Promise<void> {
  await tx.run(sql`update event set flags = flags | ${flag}, reason = ${reason} where nid = ${nid}`);
}

export async function eventsByNid(db: Queryable, nids: readonly number[]): Promise<EventRow[]> {
  if (nids.length === 1) return db.all<EventRow>(sql`select ${COLUMNS} from event where nid = ${nids[0] ?? 0}`);
  return db.all<EventRow>(sql`select ${COLUMNS} from event where nid ${sql.in(nids)}`);
}

/** The IDs of events by their numbers. */
export async function eventIdsOf(db: Queryable, nids: readonly number[]): Promise<Map<number, EventId>> {
  const rows = await db.all<{ nid: number; event_id: EventId }>(
    sql`select nid, event_id from event where nid ${sql.in(nids)}`,
  );
  return new Map(rows.map(row => [row.nid, row.event_id]));
}

export async function eventsById(db: Queryable, ids: readonly EventId[]): Promise<EventRow[]> {
  if (ids.length === 1) return db.all<EventRow>(sql`select ${COLUMNS} from event where event_id = ${ids[0] ?? ''}`);
  return db.all<EventRow>(sql`select ${COLUMNS} from event where event_id ${sql.in(ids)}`);
}

/** Numbers and positions of the timeline of a room, newest first, with `after < pos <= upTo`. */
export async function timelineBackward(
  db: Queryable,
  roomNid: number,
  range: { after: number; upTo: number },
  limit: number,
): Promise<readonly { nid: number; pos: number }[]> {
  return db.all<{ nid: number; pos: number }>(sql`select nid, pos from event
    where room_nid = ${roomNid} and pos > ${range.after} and pos <= ${range.upTo} order by pos desc limit ${limit}`);
}

/** The same, oldest first. */
export async function timelineForward(
  db: Queryable,
  roomNid: number,
  range: { after: number; upTo: number },
  limit: number,
): Promise<{ nid: number; pos: number }[]> {
  return db.all<{ nid: number; pos: number }>(sql`select nid, pos from event
    where room_nid = ${roomNid} and pos > ${range.after} and pos <= ${range.upTo} order by pos limit ${limit}`);
}

/** Events that this server sends to others, with `from <= pos <= to`, oldest first, and the bytes of their texts. */
export async function ownEvents(
  db: Queryable,
  roomNid: number,
  range: { readonly from: number; readonly to: number },
  limit: number,
): Promise<{ nid: number; pos: number; bytes: number }[]> {
  // `flags >= 16` has an index; the next bit may be set without this one.
  return db.all<{ nid: number; pos: number; bytes: number }>(sql`
    select nid, pos, octet_length(json) as bytes from event
    where room_nid = ${roomNid} and flags >= 16 and (flags & ${OWN}) <> 0 and pos >= ${range.from} and pos <= ${range.to}
    order by pos limit ${limit}`);
}

/** The room's resolved state as it was at a position: that of the last event or `LOG_STATE` up to there; 0 before all. */
export async function roomRootAt(db: Queryable, roomNid: number, pos: number): Promise<number> {
  // Kind 3 is LOG_STATE: a state that came without an event.
  const row = await db.get<{ root: number }>(sql`select root from (
      select * from (select pos, room_root as root from event
        where room_nid = ${roomNid} and pos <= ${pos} order by pos desc limit 1) last_event
      union all
      select * from (select pos, ref as root from room_log
        where room_nid = ${roomNid} and kind = 3 and pos <= ${pos} order by pos desc limit 1) last_state
    ) roots order by pos desc limit 1`);
  return row?.root ?? 0;
}

/** The position of the newest event of a room; undefined where none has one. */
export async function newestPosition(db: Queryable, roomNid: number): Promise<number | undefined> {
  const row = await db.get<{ pos: number | null }>(sql`select max(pos) as pos from event where room_nid = ${roomNid}`);
  return row?.pos ?? undefined;
}

/**
 * The number of the newest event of some types up to a position; of the newest `among` events that of the oldest when
 * none of them is of these types, 0 where there are none.
 */
export async function newestOfTypes(
  db: Queryable,
  roomNid: number,
  upTo: number,
  { types, among }: { readonly types: readonly number[]; readonly among: number },
): Promise<number> {
  const row = await db.get<{ nid: number }>(sql`select nid from
    (select nid, pos, type_nid from event where room_nid = ${roomNid} and pos <= ${upTo}
      order by pos desc limit ${among}) newest
    order by case when type_nid ${sql.in(types)} then 0 else 1 end,
      case when type_nid ${sql.in(types)} then -pos else pos end limit 1`);
  return row?.nid ?? 0;
}

/** The position of the oldest. */
export async function oldestPosition(db: Queryable, roomNid: number): Promise<number | undefined> {
  const row = await db.get<{ pos: number | null }>(sql`select min(pos) as pos from event where room_nid = ${roomNid}`);
  return row?.pos ?? undefined;
}

/** That of the newest event below a position. */
export async function positionBelow(db: Queryable, roomNid: number, pos: number): Promise<number | undefined> {
  const row = await db.get<{ pos: number | null }>(
    sql`select max(pos) as pos from event where room_nid = ${roomNid} and pos < ${pos}`,
  );
  return row?.pos ?? undefined;
}

/** Overwrites an event with its redacted form: what was redacted is gone from the disk. */
export async function overwriteEvent(tx: Tx, nid: number, json: string, flag: number): Promise<void> {
  await tx.run(sql`update event set json = ${json}, flags = flags | ${flag} where nid = ${nid}`);
}

/** The same event in other words, where it still says what it did: somebody may have redacted it meanwhile. Whether it did. */
export async function replaceText(tx: Tx, nid: number, from: string, to: string): Promise<boolean> {
  return (await tx.run(sql`update event set json = ${to} where nid = ${nid} and json = ${from}`)) > 0;
}

/** The events nearest to a time on one side of it, the nearest first. */
export async function eventsNearTime(
  db: Queryable,
  roomNid: number,
  ts: number,
  direction: 'f' | 'b',
  { limit, offset }: { limit: number; offset: number },
): Promise<{ nid: number }[]> {
  return direction === 'f'
    ? db.all<{ nid: number }>(sql`select nid from event where room_nid = ${roomNid} and ts >= ${ts} and pos is not null
        order by ts, pos limit ${limit} offset ${offset}`)
    : db.all<{ nid: number }>(sql`select nid from event where room_nid = ${roomNid} and ts <= ${ts} and pos is not null
        order by ts desc, pos desc limit ${limit} offset ${offset}`);
}

export async function countEvents(db: Queryable): Promise<number> {
  return (await db.get<{ n: number }>(sql`select count(*) as n from event`))?.n ?? 0;
}

/** Who sent what when: enough to find somebody's events without reading them. */
export interface SentRow {
  readonly nid: number;
  readonly pos: number;
  readonly sender_nid: number;
  readonly flags: number;
  readonly ts: number;
}

/** The timeline of a room below a position, newest first. */
export function sentBefore(db: Queryable, roomNid: number, below: number, limit: number): Promise<SentRow[]> {
  return db.all<SentRow>(sql`select nid, pos, sender_nid, flags, ts from event
    where room_nid = ${roomNid} and pos < ${below} order by pos desc limit ${limit}`);
}
