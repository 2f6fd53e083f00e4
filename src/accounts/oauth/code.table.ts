import type { Tx } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

export interface CodeRow {
  readonly client_id: string;
  readonly user_nid: number;
  readonly device_id: string;
  readonly redirect_uri: string;
  readonly challenge: string;
  readonly scope: string;
  readonly spent_ts: number | null;
  /** Null until there is a session. */
  readonly family: string | null;
  readonly expires_ts: number;
}

export async function insertCode(tx: Tx, hash: Uint8Array, row: Omit<CodeRow, 'spent_ts' | 'family'>): Promise<void> {
  await tx.run(
    sql`insert into oauth_code (hash, client_id, user_nid, device_id, redirect_uri, challenge, scope, expires_ts)
      values (${hash}, ${row.client_id}, ${row.user_nid}, ${row.device_id}, ${row.redirect_uri}, ${row.challenge},
        ${row.scope}, ${row.expires_ts})`,
  );
}

/** Finds a code and locks its row until the transaction ends. */
export function lockCode(tx: Tx, hash: Uint8Array): Promise<CodeRow | undefined> {
  return tx.get<CodeRow>(
    sql`update oauth_code set expires_ts = expires_ts where hash = ${hash}
      returning client_id, user_nid, device_id, redirect_uri, challenge, scope, spent_ts, family, expires_ts`,
  );
}

export async function spendCode(tx: Tx, hash: Uint8Array, now: number): Promise<void> {
  await tx.run(sql`update oauth_code set spent_ts = ${now} where hash = ${hash}`);
}

export async function setCodeFamily(tx: Tx, hash: Uint8Array, family: string): Promise<void> {
  await tx.run(sql`update oauth_code set family = ${family} where hash = ${hash}`);
}

export async function deleteCodesExpiredBefore(tx: Tx, ts: number): Promise<void> {
  await tx.run(sql`delete from oauth_code where expires_ts < ${ts}`);
}
