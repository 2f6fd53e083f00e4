import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

export interface DeviceRow {
  readonly user_nid: number;
  readonly device_id: string;
  readonly display_name: string | null;
  readonly created_ts: number;
  readonly last_seen_ts: number | null;
  readonly last_seen_ip: string | null;
  readonly user_agent: string | null;
}

export function devicesOf(db: Queryable, userNid: number): Promise<DeviceRow[]> {
  return db.all<DeviceRow>(sql`select * from device where user_nid = ${userNid} order by device_id`);
}

export function findDevice(db: Queryable, userNid: number, deviceId: string): Promise<DeviceRow | undefined> {
  return db.get<DeviceRow>(sql`select * from device where user_nid = ${userNid} and device_id = ${deviceId}`);
}

export async function countDevices(db: Queryable, userNids: readonly number[]): Promise<number> {
  const row = await db.get<{ n: number }>(sql`select count(*) as n from device where user_nid ${sql.in(userNids)}`);
  return row?.n ?? 0;
}

/** Whether the device is new; one that exists keeps its name. */
export async function insertDevice(
  tx: Tx,
  row: Pick<DeviceRow, 'user_nid' | 'device_id' | 'display_name' | 'created_ts'>,
): Promise<boolean> {
  const inserted = await tx.run(
    sql`insert into device (user_nid, device_id, display_name, created_ts)
      values (${row.user_nid}, ${row.device_id}, ${row.display_name}, ${row.created_ts}) on conflict do nothing`,
  );
  return inserted === 1;
}

export async function renameDevice(tx: Tx, userNid: number, deviceId: string, name: string): Promise<boolean> {
  const changed = await tx.run(
    sql`update device set display_name = ${name} where user_nid = ${userNid} and device_id = ${deviceId}`,
  );
  return changed === 1;
}

/** Remembers with the user when devices that are about to go were last seen. `unwritten`: as far as the database lags. */
export async function keepLastSeen(
  tx: Tx,
  userNid: number,
  deviceIds: readonly string[],
  unwritten: number,
): Promise<void> {
  const row = await tx.get<{ ts: number | null }>(
    sql`select max(last_seen_ts) as ts from device where user_nid = ${userNid} and device_id ${sql.in(deviceIds)}`,
  );
  const ts = Math.max(row?.ts ?? 0, unwritten);
  if (ts === 0) return;
  await tx.run(sql`update account set last_seen_ts = ${ts}
    where user_nid = ${userNid} and (last_seen_ts is null or last_seen_ts < ${ts})`);
}

/** The ones of these devices that there were. */
export async function deleteDevices(tx: Tx, userNid: number, deviceIds: readonly string[]): Promise<string[]> {
  const gone = await tx.all<{ device_id: string }>(
    sql`delete from device where user_nid = ${userNid} and device_id ${sql.in(deviceIds)} returning device_id`,
  );
  return gone.map(row => row.device_id);
}

export async function setLastSeen(
  tx: Tx,
  row: Pick<DeviceRow, 'user_nid' | 'device_id' | 'last_seen_ts' | 'last_seen_ip' | 'user_agent'>,
): Promise<void> {
  await tx.run(
    sql`update device set last_seen_ts = ${row.last_seen_ts}, last_seen_ip = ${row.last_seen_ip},
      user_agent = ${row.user_agent} where user_nid = ${row.user_nid} and device_id = ${row.device_id}`,
  );
}
