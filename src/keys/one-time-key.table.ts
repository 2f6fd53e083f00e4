import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';
import type { UploadedKey } from './one-time-keys.ts';

/** Claimed keys that are remembered for each device. */
const REMEMBERED = 400;

export interface StoredOneTimeKey {
  readonly nid: number;
  readonly algorithm: string;
  readonly key_id: string;
  readonly claimed: number;
  readonly json: string;
}

export interface HeldKey {
  readonly user_nid: number;
  readonly device_id: string;
  readonly algorithm: string;
  readonly key_id: string;
  readonly json: string;
}

export interface FallbackKey extends HeldKey {
  readonly used: number;
}

/** How many unclaimed keys a device has, by algorithm. */
export async function countOneTimeKeys(db: Queryable, userNid: number, deviceId: string): Promise<Map<string, number>> {
  const rows = await db.all<{ algorithm: string; keys: number }>(
    sql`select algorithm, count(*) as keys from one_time_key
      where user_nid = ${userNid} and device_id = ${deviceId} and claimed = 0 group by algorithm order by algorithm`,
  );
  return new Map(rows.map(row => [row.algorithm, row.keys]));
}

/** The keys of a device with one of the IDs, claimed ones too. */
export function oneTimeKeysWithIds(
  db: Queryable,
  userNid: number,
  deviceId: string,
  keyIds: readonly string[],
): Promise<StoredOneTimeKey[]> {
  return db.all<StoredOneTimeKey>(
    sql`select nid, algorithm, key_id, claimed, json from one_time_key
      where user_nid = ${userNid} and device_id = ${deviceId} and key_id ${sql.in(keyIds)}`,
  );
}

export async function insertOneTimeKeys(
  tx: Tx,
  userNid: number,
  deviceId: string,
  keys: readonly UploadedKey[],
): Promise<void> {
  if (keys.length === 0) return;
  const rows = keys.map(key => [userNid, deviceId, key.algorithm, key.keyId, key.json]);
  await tx.run(sql`insert into one_time_key (user_nid, device_id, algorithm, key_id, json) values ${sql.rows(rows)}`);
}

export async function deleteOneTimeKeys(tx: Tx, nids: readonly number[]): Promise<void> {
  if (nids.length > 0) await tx.run(sql`delete from one_time_key where nid ${sql.in(nids)}`);
}

/** Forgets the oldest claimed keys of a device. */
export async function pruneClaimedKeys(tx: Tx, userNid: number, deviceId: string): Promise<void> {
  await tx.run(sql`delete from one_time_key where nid in (
    select nid from one_time_key where user_nid = ${userNid} and device_id = ${deviceId} and claimed = 1
    order by nid desc limit 1000 offset ${REMEMBERED})`);
}

/** The oldest unclaimed key of each algorithm of each device of the users. */
export function oldestOneTimeKeys(
  db: Queryable,
  userNids: readonly number[],
): Promise<{ user_nid: number; device_id: string; algorithm: string; nid: number }[]> {
  return db.all(sql`select user_nid, device_id, algorithm, min(nid) as nid from one_time_key
    where user_nid ${sql.in(userNids)} and claimed = 0 group by user_nid, device_id, algorithm`);
}

/** Marks those keys as claimed that nobody else has claimed meanwhile, and gives them. */
export function claimOneTimeKeys(tx: Tx, nids: readonly number[]): Promise<HeldKey[]> {
  return tx.all<HeldKey>(sql`update one_time_key set claimed = 1 where nid ${sql.in(nids)} and claimed = 0
    returning user_nid, device_id, algorithm, key_id, json`);
}

export async function forgetOneTimeKeys(tx: Tx, userNid: number, deviceIds: readonly string[]): Promise<void> {
  await tx.run(sql`delete from one_time_key where user_nid = ${userNid} and device_id ${sql.in(deviceIds)}`);
  await tx.run(sql`delete from fallback_key where user_nid = ${userNid} and device_id ${sql.in(deviceIds)}`);
}

/** The fallback keys of all devices of the users. */
export function fallbackKeysOf(db: Queryable, userNids: readonly number[]): Promise<FallbackKey[]> {
  return db.all<FallbackKey>(sql`select user_nid, device_id, algorithm, key_id, used, json from fallback_key
    where user_nid ${sql.in(userNids)}`);
}

/** The fallback keys of one device, and whether each has been handed out. */
export function fallbackKeysOfOne(db: Queryable, userNid: number, deviceId: string): Promise<FallbackKey[]> {
  return db.all<FallbackKey>(sql`select user_nid, device_id, algorithm, key_id, used, json from fallback_key
    where user_nid = ${userNid} and device_id = ${deviceId} order by algorithm`);
}

export async function putFallbackKey(tx: Tx, userNid: number, deviceId: string, key: UploadedKey): Promise<void> {
  await tx.run(sql`insert into fallback_key (user_nid, device_id, algorithm, key_id, used, json)
    values (${userNid}, ${deviceId}, ${key.algorithm}, ${key.keyId}, 0, ${key.json})
    on conflict (user_nid, device_id, algorithm)
    do update set key_id = excluded.key_id, used = 0, json = excluded.json`);
}

/** Marks a fallback key as used unless it has been replaced since it was read. */
export async function markFallbackUsed(tx: Tx, key: HeldKey): Promise<void> {
  await tx.run(sql`update fallback_key set used = 1 where user_nid = ${key.user_nid} and device_id = ${key.device_id}
    and algorithm = ${key.algorithm} and key_id = ${key.key_id} and used = 0`);
}

/** Takes all keys for given out, so that their owners upload new ones. */
export async function spendAllKeys(tx: Tx): Promise<void> {
  await tx.run(sql`update one_time_key set claimed = 1 where claimed = 0`);
  await tx.run(sql`update fallback_key set used = 1 where used = 0`);
}
