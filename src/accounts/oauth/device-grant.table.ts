import type { Queryable, Tx } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

export interface DeviceGrantRow {
  readonly user_code: string;
  readonly client_id: string;
  readonly device_id: string;
  readonly scope: string;
  /** Who has let it in; null until somebody does. */
  readonly user_nid: number | null;
  readonly is_denied: number;
  readonly interval_ms: number;
  readonly polled_ts: number;
  readonly expires_ts: number;
}

export async function insertDeviceGrant(
  tx: Tx,
  hash: Uint8Array,
  row: Omit<DeviceGrantRow, 'user_nid' | 'is_denied' | 'polled_ts'>,
): Promise<void> {
  await tx.run(
    sql`insert into oauth_device_grant
        (hash, user_code, client_id, device_id, scope, interval_ms, polled_ts, expires_ts)
      values (${hash}, ${row.user_code}, ${row.client_id}, ${row.device_id}, ${row.scope}, ${row.interval_ms}, 0,
        ${row.expires_ts})`,
  );
}

/** The one with this code that nobody has decided on. */
export function undecidedGrant(db: Queryable, userCode: string, now: number): Promise<DeviceGrantRow | undefined> {
  return db.get<DeviceGrantRow>(
    sql`select user_code, client_id, device_id, scope, user_nid, is_denied, interval_ms, polled_ts, expires_ts
      from oauth_device_grant
      where user_code = ${userCode} and user_nid is null and is_denied = 0 and expires_ts > ${now}`,
  );
}

/** Whether nobody was quicker. `userNid`: null denies it. */
export async function decideGrant(tx: Tx, userCode: string, userNid: number | null, now: number): Promise<boolean> {
  const changed = await tx.run(
    sql`update oauth_device_grant set user_nid = ${userNid}, is_denied = ${userNid === null ? 1 : 0}
      where user_code = ${userCode} and user_nid is null and is_denied = 0 and expires_ts > ${now}`,
  );
  return changed === 1;
}

/** Finds a grant by its device code and locks its row until the transaction ends. */
export function lockDeviceGrant(tx: Tx, hash: Uint8Array): Promise<DeviceGrantRow | undefined> {
  return tx.get<DeviceGrantRow>(
    sql`update oauth_device_grant set polled_ts = polled_ts where hash = ${hash}
      returning user_code, client_id, device_id, scope, user_nid, is_denied, interval_ms, polled_ts, expires_ts`,
  );
}

export async function setPolled(tx: Tx, hash: Uint8Array, now: number, intervalMs: number): Promise<void> {
  await tx.run(sql`update oauth_device_grant set polled_ts = ${now}, interval_ms = ${intervalMs} where hash = ${hash}`);
}

export async function deleteDeviceGrant(tx: Tx, hash: Uint8Array): Promise<void> {
  await tx.run(sql`delete from oauth_device_grant where hash = ${hash}`);
}

export async function countDeviceGrants(db: Queryable): Promise<number> {
  return (await db.get<{ n: number }>(sql`select count(*) as n from oauth_device_grant`))?.n ?? 0;
}

export async function deleteGrantsExpiredBefore(tx: Tx, ts: number): Promise<void> {
  await tx.run(sql`delete from oauth_device_grant where expires_ts < ${ts}`);
}
