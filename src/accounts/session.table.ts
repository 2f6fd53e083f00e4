import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

/** An access token with what the account allows. */
export interface SessionRow {
  readonly nid: number;
  readonly user_nid: number;
  readonly device_id: string | null;
  readonly family: string;
  /** Null for tokens that were not got by OAuth 2.0. */
  readonly client_id: string | null;
  readonly refreshed_from: number | null;
  readonly expires_ts: number | null;
  readonly is_admin: number;
  readonly is_guest: number;
  readonly is_deactivated: number;
  readonly is_locked: number;
  readonly is_suspended: number;
  /** Null unless an administrator has set a rate for the user. */
  readonly rate_per_second: number | null;
  readonly rate_burst: number | null;
}

export interface RefreshTokenRow {
  readonly nid: number;
  readonly user_nid: number;
  readonly device_id: string;
  readonly family: string;
  readonly client_id: string | null;
  readonly refreshed_from: number | null;
  readonly spent_ts: number | null;
}

interface NewToken {
  readonly hash: Uint8Array;
  readonly userNid: number;
  readonly family: string;
  readonly clientId: string | null;
  readonly refreshedFrom: number | null;
  readonly now: number;
}

export function sessionByHash(db: Queryable, hash: Uint8Array): Promise<SessionRow | undefined> {
  return db.get<SessionRow>(
    sql`select t.nid, t.user_nid, t.device_id, t.family, t.client_id, t.refreshed_from, t.expires_ts,
        a.is_admin, a.is_guest, a.is_deactivated, a.is_locked, a.is_suspended,
        r.per_second as rate_per_second, r.burst as rate_burst
      from access_token t join account a on a.user_nid = t.user_nid
      left join rate_override r on r.user_nid = t.user_nid where t.hash = ${hash}`,
  );
}

export async function insertAccessToken(
  tx: Tx,
  token: NewToken & {
    readonly deviceId: string | null;
    readonly expiresTs: number | null;
    /** The administrator who acts with it as the user. */
    readonly openedBy?: number | undefined;
  },
): Promise<void> {
  await tx.run(
    sql`insert into access_token (hash, user_nid, device_id, family, client_id, refreshed_from, created_ts, expires_ts,
        opened_by)
      values (${token.hash}, ${token.userNid}, ${token.deviceId}, ${token.family}, ${token.clientId},
        ${token.refreshedFrom}, ${token.now}, ${token.expiresTs}, ${token.openedBy ?? null})`,
  );
}

export async function insertRefreshToken(tx: Tx, token: NewToken & { readonly deviceId: string }): Promise<void> {
  await tx.run(
    sql`insert into refresh_token (hash, user_nid, device_id, family, client_id, refreshed_from, created_ts)
      values (${token.hash}, ${token.userNid}, ${token.deviceId}, ${token.family}, ${token.clientId},
        ${token.refreshedFrom}, ${token.now})`,
  );
}

/** Whose an access or refresh token is, whether it is still good or not. */
export function ownerOfToken(
  db: Queryable,
  hash: Uint8Array,
): Promise<{ user_nid: number; device_id: string | null; access_nid: number | null } | undefined> {
  return db.get(
    sql`select user_nid, device_id, nid as access_nid from access_token where hash = ${hash}
      union all select user_nid, device_id, null from refresh_token where hash = ${hash}`,
  );
}

/** Finds a refresh token and locks its row until the transaction ends. */
export function lockRefreshToken(tx: Tx, hash: Uint8Array): Promise<RefreshTokenRow | undefined> {
  return tx.get<RefreshTokenRow>(
    sql`update refresh_token set created_ts = created_ts where hash = ${hash}
      returning nid, user_nid, device_id, family, client_id, refreshed_from, spent_ts`,
  );
}

export async function spendRefreshToken(tx: Tx, nid: number, now: number): Promise<void> {
  await tx.run(sql`update refresh_token set spent_ts = ${now} where nid = ${nid} and spent_ts is null`);
}

/** Drops what was given out for a refresh token and never used. */
export async function deleteUnusedSuccessors(tx: Tx, refreshNid: number): Promise<void> {
  await tx.run(sql`delete from access_token where refreshed_from = ${refreshNid}`);
  await tx.run(sql`delete from refresh_token where refreshed_from = ${refreshNid}`);
}

/** An access token got by refreshing is in use: the ones before it in its family end. */
export async function settleAccessToken(tx: Tx, session: SessionRow): Promise<void> {
  await tx.run(sql`delete from access_token where family = ${session.family} and nid < ${session.nid}`);
  await tx.run(sql`update access_token set refreshed_from = null where nid = ${session.nid}`);
}

/** Everything that came from one login ends, softly: the client may log in again and keep its keys. */
export async function expireFamily(tx: Tx, family: string, now: number): Promise<void> {
  await tx.run(
    sql`update access_token set expires_ts = ${now}
      where family = ${family} and (expires_ts is null or expires_ts > ${now})`,
  );
  await tx.run(sql`update refresh_token set spent_ts = ${now} where family = ${family} and spent_ts is null`);
}

export async function deleteTokensOfDevices(tx: Tx, userNid: number, deviceIds: readonly string[]): Promise<void> {
  await tx.run(sql`delete from access_token where user_nid = ${userNid} and device_id ${sql.in(deviceIds)}`);
  await tx.run(sql`delete from refresh_token where user_nid = ${userNid} and device_id ${sql.in(deviceIds)}`);
}

export async function deleteAccessToken(tx: Tx, nid: number): Promise<void> {
  await tx.run(sql`delete from access_token where nid = ${nid}`);
}

/** Tokens that have no device, but for `exceptNid`. */
export async function deleteBareTokens(tx: Tx, userNid: number, exceptNid: number | undefined): Promise<void> {
  await tx.run(
    sql`delete from access_token where user_nid = ${userNid} and device_id is null and nid <> ${exceptNid ?? -1}`,
  );
}

/** Tokens with which an administrator acts as others. Answers as whom. */
export async function deleteTokensOpenedBy(tx: Tx, userNid: number): Promise<number[]> {
  const rows = await tx.all<{ user_nid: number }>(
    sql`delete from access_token where opened_by = ${userNid} returning user_nid`,
  );
  return rows.map(row => row.user_nid);
}

export async function deleteTokensEndedBefore(tx: Tx, ts: number): Promise<void> {
  await tx.run(sql`delete from access_token where expires_ts < ${ts}`);
  await tx.run(sql`delete from refresh_token where spent_ts < ${ts}`);
}
