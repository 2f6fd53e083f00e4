import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

export interface StoredDeviceKeys {
  readonly user_nid: number;
  readonly device_id: string;
  readonly self_signed: number;
  readonly json: string;
}

/** The device keys of all devices of the users. */
export function deviceKeysOf(db: Queryable, userNids: readonly number[]): Promise<StoredDeviceKeys[]> {
  return db.all<StoredDeviceKeys>(
    sql`select user_nid, device_id, self_signed, json from device_key where user_nid ${sql.in(userNids)}`,
  );
}

export function deviceKeysOfOne(
  db: Queryable,
  userNid: number,
  deviceId: string,
): Promise<StoredDeviceKeys | undefined> {
  return db.get<StoredDeviceKeys>(
    sql`select user_nid, device_id, self_signed, json from device_key
      where user_nid = ${userNid} and device_id = ${deviceId}`,
  );
}

export async function putDeviceKeys(tx: Tx, row: StoredDeviceKeys): Promise<void> {
  await tx.run(sql`insert into device_key (user_nid, device_id, self_signed, json)
    values (${row.user_nid}, ${row.device_id}, ${row.self_signed}, ${row.json})
    on conflict (user_nid, device_id) do update set self_signed = excluded.self_signed, json = excluded.json`);
}

/** Returns how many devices had keys. */
export function deleteDeviceKeys(tx: Tx, userNid: number, deviceIds: readonly string[]): Promise<number> {
  return tx.run(sql`delete from device_key where user_nid = ${userNid} and device_id ${sql.in(deviceIds)}`);
}

/** One device of each user who has some and none with keys. */
export async function keylessDevices(db: Queryable): Promise<Map<number, string[]>> {
  const rows = await db.all<{ user_nid: number; device_id: string }>(sql`select user_nid, min(device_id) as device_id
    from device where not exists (select 1 from device_key where device_key.user_nid = device.user_nid)
    group by user_nid`);
  return new Map(rows.map(row => [row.user_nid, [row.device_id]]));
}

/** The devices that have keys, by the numbers of their users. */
export async function devicesWithKeys(db: Queryable): Promise<Map<number, string[]>> {
  const rows = await db.all<{ user_nid: number; device_id: string }>(
    sql`select user_nid, device_id from device_key order by user_nid, device_id`,
  );
  const found = new Map<number, string[]>();
  for (const row of rows) found.set(row.user_nid, [...(found.get(row.user_nid) ?? []), row.device_id]);
  return found;
}
