import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

export interface ToDeviceRow {
  readonly user_nid: number;
  readonly device_id: string;
  readonly pos: number;
  readonly sender_nid: number;
  readonly type: string;
  /** Bytes that the message counts for. */
  readonly size: number;
  readonly content: string;
}

export interface Inbox {
  readonly user_nid: number;
  readonly device_id: string;
  readonly messages: number;
  readonly bytes: number;
}

const ROWS_A_STATEMENT = 200;

/** Stores messages, at most one for each device, and gives the sums of the inboxes they went into. */
export async function insertToDevice(tx: Tx, rows: readonly ToDeviceRow[]): Promise<Inbox[]> {
  const inboxes: Inbox[] = [];
  for (let at = 0; at < rows.length; at += ROWS_A_STATEMENT) {
    const some = rows.slice(at, at + ROWS_A_STATEMENT);
    const messages = some.map(r => [r.user_nid, r.device_id, r.pos, r.sender_nid, r.type, r.size, r.content]);
    await tx.run(sql`insert into to_device (user_nid, device_id, pos, sender_nid, type, size, content)
      values ${sql.rows(messages)}`);
    const sums = some.map(row => [row.user_nid, row.device_id, 1, row.size]);
    const changed = await tx.all<Inbox>(sql`insert into to_device_inbox (user_nid, device_id, messages, bytes)
      values ${sql.rows(sums)} on conflict (user_nid, device_id) do update
      set messages = to_device_inbox.messages + 1, bytes = to_device_inbox.bytes + excluded.bytes
      returning user_nid, device_id, messages, bytes`);
    inboxes.push(...changed);
  }
  return inboxes;
}

/** A device's messages after a position and up to another, oldest first. */
export function readToDevice(
  db: Queryable,
  userNid: number,
  deviceId: string,
  range: { readonly after: number; readonly upTo: number; readonly limit: number },
): Promise<Pick<ToDeviceRow, 'pos' | 'sender_nid' | 'type' | 'size' | 'content'>[]> {
  return db.all(sql`select pos, sender_nid, type, size, content from to_device
    where user_nid = ${userNid} and device_id = ${deviceId} and pos > ${range.after} and pos <= ${range.upTo}
    order by pos limit ${range.limit}`);
}

/** Whether a device has messages at or before `upTo`. */
export async function hasToDevice(db: Queryable, userNid: number, deviceId: string, upTo: number): Promise<boolean> {
  const row = await db.get(sql`select pos from to_device
    where user_nid = ${userNid} and device_id = ${deviceId} and pos <= ${upTo} limit 1`);
  return row !== undefined;
}

/** Deletes a device's messages up to a position; returns how many. */
export async function deleteUpTo(tx: Tx, userNid: number, deviceId: string, upTo: number): Promise<number> {
  const gone = await tx.all<{ size: number }>(sql`delete from to_device
    where user_nid = ${userNid} and device_id = ${deviceId} and pos <= ${upTo} returning size`);
  await subtract(tx, userNid, deviceId, gone);
  return gone.length;
}

/** Who has put most into an inbox. */
export function heaviestSender(
  db: Queryable,
  userNid: number,
  deviceId: string,
): Promise<{ readonly sender_nid: number; readonly messages: number } | undefined> {
  return db.get(sql`select sender_nid, count(*) as messages from to_device
    where user_nid = ${userNid} and device_id = ${deviceId} group by sender_nid order by sum(size) desc limit 1`);
}

/** Deletes the `count` oldest messages of one sender from an inbox; returns how many. */
export async function deleteOldestOf(tx: Tx, inbox: Inbox, senderNid: number, count: number): Promise<number> {
  const gone = await tx.all<{ size: number }>(sql`delete from to_device
    where user_nid = ${inbox.user_nid} and device_id = ${inbox.device_id} and pos in (
      select pos from to_device where user_nid = ${inbox.user_nid} and device_id = ${inbox.device_id}
      and sender_nid = ${senderNid} order by pos limit ${count})
    returning size`);
  await subtract(tx, inbox.user_nid, inbox.device_id, gone);
  return gone.length;
}

async function subtract(
  tx: Tx,
  userNid: number,
  deviceId: string,
  gone: readonly { readonly size: number }[],
): Promise<void> {
  if (gone.length === 0) return;
  const bytes = gone.reduce((sum, row) => sum + row.size, 0);
  await tx.run(sql`update to_device_inbox set messages = messages - ${gone.length}, bytes = bytes - ${bytes}
    where user_nid = ${userNid} and device_id = ${deviceId}`);
  await tx.run(sql`delete from to_device_inbox
    where user_nid = ${userNid} and device_id = ${deviceId} and messages <= 0`);
}

export function readInbox(db: Queryable, userNid: number, deviceId: string): Promise<Inbox | undefined> {
  return db.get<Inbox>(sql`select user_nid, device_id, messages, bytes from to_device_inbox
    where user_nid = ${userNid} and device_id = ${deviceId}`);
}

/** The bytes of all messages that wait on this server. */
export async function waitingBytes(db: Queryable): Promise<number> {
  const row = await db.get<{ bytes: number }>(
    sql`select cast(coalesce(sum(bytes), 0) as bigint) as bytes from to_device_inbox`,
  );
  return row?.bytes ?? 0;
}

export async function forgetToDevice(tx: Tx, userNid: number, deviceIds: readonly string[]): Promise<void> {
  await tx.run(sql`delete from to_device where user_nid = ${userNid} and device_id ${sql.in(deviceIds)}`);
  await tx.run(sql`delete from to_device_inbox where user_nid = ${userNid} and device_id ${sql.in(deviceIds)}`);
}

/**
 * Records that a transaction ID was used.
 *
 * @returns false when it had been used before
 */
export async function takeTransactionId(
  tx: Tx,
  id: { readonly userNid: number; readonly deviceId: string; readonly scope: string; readonly txnId: string },
  ts: number,
): Promise<boolean> {
  const taken = await tx.run(sql`insert into transaction_id (user_nid, device_id, scope, txn_id, answer, ts)
    values (${id.userNid}, ${id.deviceId}, ${id.scope}, ${id.txnId}, '', ${ts}) on conflict do nothing`);
  return taken === 1;
}
