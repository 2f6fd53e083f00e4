import type { Queryable, Tx } from '../db/database.ts';
import { type Sql, sql } from '../db/sql.ts';

export interface AccountRow {
  readonly user_nid: number;
  readonly folded: string;
  readonly password_hash: string | null;
  readonly is_admin: number;
  readonly is_guest: number;
  readonly is_deactivated: number;
  readonly is_erased: number;
  readonly is_locked: number;
  readonly is_suspended: number;
  readonly is_approved: number;
  readonly appservice_id: string | null;
  readonly created_ts: number;
  readonly data_bytes: number;
  readonly user_type: string | null;
}

export type AccountFlag =
  | 'is_admin'
  | 'is_guest'
  | 'is_deactivated'
  | 'is_erased'
  | 'is_locked'
  | 'is_suspended'
  | 'is_approved';

const COLUMNS: Readonly<Record<AccountFlag, Sql>> = {
  is_admin: sql`is_admin`,
  is_guest: sql`is_guest`,
  is_deactivated: sql`is_deactivated`,
  is_erased: sql`is_erased`,
  is_locked: sql`is_locked`,
  is_suspended: sql`is_suspended`,
  is_approved: sql`is_approved`,
};

export function accountByNid(db: Queryable, userNid: number): Promise<AccountRow | undefined> {
  return db.get<AccountRow>(sql`select * from account where user_nid = ${userNid}`);
}

export function accountByFolded(db: Queryable, folded: string): Promise<AccountRow | undefined> {
  return db.get<AccountRow>(sql`select * from account where folded = ${folded}`);
}

/** False when the user or the folded name has an account already; nothing is changed then. */
export async function insertAccount(
  tx: Tx,
  row: Pick<
    AccountRow,
    'user_nid' | 'folded' | 'password_hash' | 'is_admin' | 'is_approved' | 'appservice_id' | 'created_ts'
  >,
): Promise<boolean> {
  const inserted = await tx.run(
    sql`insert into account (user_nid, folded, password_hash, is_admin, is_approved, appservice_id, created_ts)
      values (${row.user_nid}, ${row.folded}, ${row.password_hash}, ${row.is_admin}, ${row.is_approved},
        ${row.appservice_id}, ${row.created_ts}) on conflict do nothing`,
  );
  return inserted === 1;
}

export async function setPasswordHash(tx: Tx, userNid: number, hash: string | null): Promise<void> {
  await tx.run(sql`update account set password_hash = ${hash} where user_nid = ${userNid}`);
}

export async function setUserType(tx: Tx, userNid: number, userType: string | null): Promise<void> {
  await tx.run(sql`update account set user_type = ${userType} where user_nid = ${userNid}`);
}

/** False unless it is an account that still waits for approval. */
export async function deletePendingAccount(tx: Tx, userNid: number): Promise<boolean> {
  return (await tx.run(sql`delete from account where user_nid = ${userNid} and is_approved = 0`)) === 1;
}

/** Whether the flag was different before. */
export async function setAccountFlag(tx: Tx, userNid: number, flag: AccountFlag, on: boolean): Promise<boolean> {
  const value = on ? 1 : 0;
  const changed = await tx.run(
    sql`update account set ${COLUMNS[flag]} = ${value} where user_nid = ${userNid} and ${COLUMNS[flag]} <> ${value}`,
  );
  return changed === 1;
}

/** Counts bytes of account data in or out; the new sum, or undefined when there is no such account. */
export async function addDataBytes(tx: Tx, userNid: number, delta: number): Promise<number | undefined> {
  const row = await tx.get<{ data_bytes: number }>(
    sql`update account set data_bytes = data_bytes + ${delta} where user_nid = ${userNid} returning data_bytes`,
  );
  return row?.data_bytes;
}

export async function setDataBytes(tx: Tx, userNid: number, bytes: number): Promise<void> {
  await tx.run(sql`update account set data_bytes = ${bytes} where user_nid = ${userNid}`);
}
