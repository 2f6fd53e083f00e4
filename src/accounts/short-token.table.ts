import type { Queryable, Tx } from '../db/database.ts';
import { type Sql, sql } from '../db/sql.ts';

/** Tokens that stand for a user for a short time and for one purpose. */
export type ShortTokenTable = 'login_token' | 'openid_token' | 'browser_token';

const TABLES: Readonly<Record<ShortTokenTable, Sql>> = {
  login_token: sql`login_token`,
  openid_token: sql`openid_token`,
  browser_token: sql`browser_token`,
};

export async function insertShortToken(
  tx: Tx,
  table: ShortTokenTable,
  row: { readonly hash: Uint8Array; readonly user_nid: number; readonly expires_ts: number },
): Promise<void> {
  await tx.run(
    sql`insert into ${TABLES[table]} (hash, user_nid, expires_ts) values (${row.hash}, ${row.user_nid}, ${row.expires_ts})`,
  );
}

/** Finds a token that has not expired and removes it. */
export function takeShortToken(
  tx: Tx,
  table: ShortTokenTable,
  hash: Uint8Array,
  now: number,
): Promise<{ user_nid: number } | undefined> {
  return tx.get(sql`delete from ${TABLES[table]} where hash = ${hash} and expires_ts > ${now} returning user_nid`);
}

export function findShortToken(
  db: Queryable,
  table: ShortTokenTable,
  hash: Uint8Array,
  now: number,
): Promise<{ user_nid: number; expires_ts: number } | undefined> {
  return db.get(sql`select user_nid, expires_ts from ${TABLES[table]} where hash = ${hash} and expires_ts > ${now}`);
}

export async function deleteShortToken(tx: Tx, table: ShortTokenTable, hash: Uint8Array): Promise<void> {
  await tx.run(sql`delete from ${TABLES[table]} where hash = ${hash}`);
}

/** Codes of OAuth 2.0 that nobody has used yet are such tokens too. */
export async function deleteShortTokensOf(tx: Tx, userNid: number): Promise<void> {
  for (const table of Object.values(TABLES)) await tx.run(sql`delete from ${table} where user_nid = ${userNid}`);
  await tx.run(sql`delete from oauth_code where user_nid = ${userNid} and spent_ts is null`);
  await tx.run(sql`delete from oauth_device_grant where user_nid = ${userNid}`);
}

export async function deleteExpiredShortTokens(tx: Tx, now: number): Promise<void> {
  for (const table of Object.values(TABLES)) await tx.run(sql`delete from ${table} where expires_ts <= ${now}`);
}
