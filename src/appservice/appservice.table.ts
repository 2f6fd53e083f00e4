import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

/** How sending to an application service goes. */
export interface AppserviceRow {
  readonly id: string;
  readonly tries: number;
  /** Milliseconds since 1970; null while nothing is known against it. */
  readonly retry_at: number | null;
  readonly reason: string | null;
}

export interface TransactionRow {
  readonly txn: number;
  readonly bytes: number;
  /** JSON as it is sent. */
  readonly body: string;
}

export async function addAppservice(tx: Tx, id: string): Promise<void> {
  await tx.run(sql`insert into appservice (id) values (${id}) on conflict do nothing`);
}

export async function appserviceIds(db: Queryable): Promise<string[]> {
  return (await db.all<{ id: string }>(sql`select id from appservice order by id`)).map(row => row.id);
}

/** With everything that waits for it. */
export async function deleteAppservice(tx: Tx, id: string): Promise<void> {
  await tx.run(sql`delete from appservice_transaction where appservice_id = ${id}`);
  await tx.run(sql`delete from appservice where id = ${id}`);
}

export function appserviceRow(db: Queryable, id: string): Promise<AppserviceRow | undefined> {
  return db.get<AppserviceRow>(sql`select id, tries, retry_at, reason from appservice where id = ${id}`);
}

/** Appends a transaction under the next number. */
export async function addTransaction(tx: Tx, id: string, body: string): Promise<void> {
  const row = await tx.get<{ last_txn: number }>(
    sql`update appservice set last_txn = last_txn + 1 where id = ${id} returning last_txn`,
  );
  if (row === undefined) throw new Error(`appservice ${id} has no row`);
  await tx.run(sql`insert into appservice_transaction (appservice_id, txn, bytes, body)
    values (${id}, ${row.last_txn}, ${Buffer.byteLength(body)}, ${body})`);
}

/** Leaves numbers of transactions out. */
export async function skipTransactions(tx: Tx, count: number): Promise<void> {
  await tx.run(sql`update appservice set last_txn = last_txn + ${count}`);
}

export function oldestTransaction(db: Queryable, id: string): Promise<TransactionRow | undefined> {
  return db.get<TransactionRow>(sql`select txn, bytes, body from appservice_transaction
    where appservice_id = ${id} order by txn limit 1`);
}

export interface Waiting {
  readonly transactions: number;
  readonly bytes: number;
}

export async function waitingFor(db: Queryable, id: string): Promise<Waiting> {
  const row = await db.get<Waiting>(sql`select count(*) as transactions,
    cast(coalesce(sum(bytes), 0) as bigint) as bytes from appservice_transaction where appservice_id = ${id}`);
  return row ?? { transactions: 0, bytes: 0 };
}

/** It was taken: the next one is due. */
export async function transactionTaken(tx: Tx, id: string, txn: number): Promise<void> {
  await tx.run(sql`delete from appservice_transaction where appservice_id = ${id} and txn = ${txn}`);
  await tx.run(sql`update appservice set tries = 0, retry_at = null, reason = null where id = ${id}`);
}

export async function transactionFailed(
  tx: Tx,
  id: string,
  { tries, retryAt, reason }: { readonly tries: number; readonly retryAt: number; readonly reason: string },
): Promise<void> {
  await tx.run(sql`update appservice set tries = ${tries}, retry_at = ${retryAt}, reason = ${reason}
    where id = ${id}`);
}

/** It gave a sign of life: what is due is tried now. */
export async function retryNow(tx: Tx, id: string): Promise<void> {
  await tx.run(sql`update appservice set retry_at = null where id = ${id} and retry_at is not null`);
}

/** Devices of an application service's users for which messages wait. */
export function waitingInboxes(
  db: Queryable,
  id: string,
  limit: number,
): Promise<{ readonly user_nid: number; readonly device_id: string }[]> {
  return db.all(sql`select i.user_nid, i.device_id from to_device_inbox i
    join account a on a.user_nid = i.user_nid and a.appservice_id = ${id}
    where i.messages > 0 order by i.user_nid, i.device_id limit ${limit}`);
}
