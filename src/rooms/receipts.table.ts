import type { Bus } from '../bus/bus.ts';
import type { EventId } from '../core/ids.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';
import type { Room } from './room.ts';
import { appendToLog, LOG_RECEIPT } from './room-log.table.ts';
import { nextUserPos } from './user-log.table.ts';

export type ReceiptType = 'm.read' | 'm.read.private';

/** `thread` of a receipt that is for the room as a whole. */
export const UNTHREADED = '';

/** The bus subject on which is told, as JSON, of each private receipt that has moved: a `ReceiptRow`. */
export const PRIVATE_RECEIPT_SUBJECT = 'receipts.private';

export interface Receipt {
  readonly userNid: number;
  readonly type: ReceiptType;
  /** `main`, a thread's root event, or `UNTHREADED`. */
  readonly thread: string;
  readonly eventId: EventId;
  readonly eventPos: number;
  readonly ts: number;
}

/**
 * Moves a receipt forward; false when it stands further already. A private one is only in its user's log.
 */
export async function setReceipt(tx: Tx, bus: Bus, room: Room, receipt: Receipt): Promise<boolean> {
  const current = await tx.get<{ event_pos: number }>(sql`select event_pos from receipt where room_nid = ${room.nid}
    and user_nid = ${receipt.userNid} and receipt_type = ${receipt.type} and thread = ${receipt.thread}`);
  if (current !== undefined && current.event_pos >= receipt.eventPos) return false;
  const pos =
    receipt.type === 'm.read'
      ? await appendToLog(tx, bus, room, LOG_RECEIPT, receipt.userNid)
      : await nextUserPos(tx, bus, receipt.userNid);
  await tx.run(sql`insert into receipt (room_nid, user_nid, receipt_type, thread, event_id, event_pos, ts, pos)
    values (${room.nid}, ${receipt.userNid}, ${receipt.type}, ${receipt.thread}, ${receipt.eventId}, ${receipt.eventPos},
      ${receipt.ts}, ${pos})
    on conflict (room_nid, user_nid, receipt_type, thread) do update set event_id = excluded.event_id,
      event_pos = excluded.event_pos, ts = excluded.ts, pos = excluded.pos`);
  if (receipt.type === 'm.read.private') tx.afterCommit(() => tellOfPrivate(bus, room, receipt));
  return true;
}

function tellOfPrivate(bus: Bus, room: Room, { userNid, type, thread, eventId, eventPos, ts }: Receipt): void {
  const who = { room_nid: room.nid, user_nid: userNid, receipt_type: type, thread };
  const row: ReceiptRow = { ...who, event_id: eventId, event_pos: eventPos, ts };
  bus.publish(PRIVATE_RECEIPT_SUBJECT, JSON.stringify(row));
}

export interface ReceiptRow {
  readonly room_nid: number;
  readonly user_nid: number;
  readonly receipt_type: ReceiptType;
  readonly thread: string;
  readonly event_id: EventId;
  readonly event_pos: number;
  readonly ts: number;
}

/** Public receipts of a room that moved after a position of the room's shard. */
export async function publicReceiptsSince(db: Queryable, roomNid: number, after: number): Promise<ReceiptRow[]> {
  return db.all<ReceiptRow>(sql`select room_nid, user_nid, receipt_type, thread, event_id, event_pos, ts from receipt
    where room_nid = ${roomNid} and receipt_type = 'm.read' and pos > ${after}`);
}

/** All receipts of one user in a room. */
export async function receiptsOfUser(db: Queryable, roomNid: number, userNid: number): Promise<ReceiptRow[]> {
  return db.all<ReceiptRow>(sql`select room_nid, user_nid, receipt_type, thread, event_id, event_pos, ts from receipt
    where room_nid = ${roomNid} and user_nid = ${userNid}`);
}

/** Public receipts that stand at some events of a room. They came after the events, so from `fromPos` on. */
export async function receiptsAtEvents(
  db: Queryable,
  roomNid: number,
  eventIds: readonly EventId[],
  fromPos: number,
): Promise<ReceiptRow[]> {
  return db.all<ReceiptRow>(sql`select room_nid, user_nid, receipt_type, thread, event_id, event_pos, ts from receipt
    where room_nid = ${roomNid} and receipt_type = 'm.read' and pos >= ${fromPos} and event_id ${sql.in(eventIds)}`);
}

/** Public receipts of a room that moved last at some positions of the room's shard. */
export async function publicReceiptsAt(
  db: Queryable,
  roomNid: number,
  positions: readonly number[],
): Promise<ReceiptRow[]> {
  return db.all<ReceiptRow>(sql`select room_nid, user_nid, receipt_type, thread, event_id, event_pos, ts from receipt
    where room_nid = ${roomNid} and receipt_type = 'm.read' and pos ${sql.in(positions)} order by pos`);
}

/** Public receipts of one server's users in a room that moved last with `from <= pos <= to`, oldest first. */
export async function publicReceiptsOf(
  db: Queryable,
  roomNid: number,
  domainNid: number,
  range: { readonly from: number; readonly to: number },
  limit: number,
): Promise<(ReceiptRow & { readonly pos: number })[]> {
  return db.all<ReceiptRow & { readonly pos: number }>(sql`
    select r.room_nid, r.user_nid, r.receipt_type, r.thread, r.event_id, r.event_pos, r.ts, r.pos from receipt r
    join user_name u on u.nid = r.user_nid and u.domain_nid = ${domainNid}
    where r.room_nid = ${roomNid} and r.receipt_type = 'm.read' and r.pos >= ${range.from} and r.pos <= ${range.to}
    order by r.pos limit ${limit}`);
}

/** A user's private receipts, in all rooms, that moved after a position of the user's log. */
export async function privateReceiptsSince(db: Queryable, userNid: number, after: number): Promise<ReceiptRow[]> {
  return db.all<ReceiptRow>(sql`select room_nid, user_nid, receipt_type, thread, event_id, event_pos, ts from receipt
    where user_nid = ${userNid} and receipt_type = 'm.read.private' and pos > ${after}`);
}
