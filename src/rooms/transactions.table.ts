import type { EventId } from '../core/ids.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

/** Who sent what under which transaction ID (client-server API, "Transaction identifiers"). */
export interface TransactionKey {
  readonly userNid: number;
  /** Empty for an appservice that acts without a device. */
  readonly deviceId: string;
  /** What the ID is unique in: the operation and, for events, the room and type. */
  readonly scope: string;
  readonly txnId: string;
}

/** The answer that was given to the same request before. */
export async function earlierAnswer(db: Queryable, key: TransactionKey): Promise<string | undefined> {
  const row = await db.get<{ answer: string }>(sql`select answer from transaction_id
    where user_nid = ${key.userNid} and device_id = ${key.deviceId} and scope = ${key.scope} and txn_id = ${key.txnId}`);
  return row?.answer;
}

export async function rememberAnswer(tx: Tx, key: TransactionKey, answer: string, now: number): Promise<void> {
  await tx.run(sql`insert into transaction_id (user_nid, device_id, scope, txn_id, answer, ts)
    values (${key.userNid}, ${key.deviceId}, ${key.scope}, ${key.txnId}, ${answer}, ${now})`);
}

/** The transaction IDs under which one device sent some events. */
export async function transactionIds(
  db: Queryable,
  userNid: number,
  deviceId: string,
  eventIds: readonly EventId[],
): Promise<Map<EventId, string>> {
  const rows = await db.all<{ answer: EventId; txn_id: string }>(sql`select answer, txn_id from transaction_id
    where answer ${sql.in(eventIds)} and user_nid = ${userNid} and device_id = ${deviceId}`);
  return new Map(rows.map(row => [row.answer, row.txn_id]));
}

/** Forgets transaction IDs of before `ts`, at most `limit` of them. Answers how many went. */
export async function pruneTransactions(tx: Tx, ts: number, limit: number): Promise<number> {
  return tx.run(sql`delete from transaction_id where (user_nid, device_id, scope, txn_id) in (
    select user_nid, device_id, scope, txn_id from transaction_id where ts < ${ts} order by ts limit ${limit})`);
}
