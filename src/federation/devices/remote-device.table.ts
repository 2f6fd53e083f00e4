import type { Queryable, Tx } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

export interface DeviceRow {
  readonly user_nid: number;
  readonly device_id: string;
  readonly display_name: string | null;
  readonly json: string;
}

const ROWS_A_STATEMENT = 100;

export async function remoteDevicesOf(db: Queryable, userNids: readonly number[]): Promise<Map<number, DeviceRow[]>> {
  const rows = await db.all<DeviceRow>(sql`select user_nid, device_id, display_name, json from remote_device
    where user_nid ${sql.in(userNids)} order by user_nid, device_id`);
  return Map.groupBy(rows, row => row.user_nid);
}

export async function putRemoteDevices(tx: Tx, devices: readonly DeviceRow[]): Promise<void> {
  for (let at = 0; at < devices.length; at += ROWS_A_STATEMENT) {
    const rows = devices
      .slice(at, at + ROWS_A_STATEMENT)
      .map(device => [device.user_nid, device.device_id, device.display_name, device.json]);
    await tx.run(sql`insert into remote_device (user_nid, device_id, display_name, json) values ${sql.rows(rows)}
      on conflict (user_nid, device_id) do update set display_name = excluded.display_name, json = excluded.json`);
  }
}

export async function deleteRemoteDevices(tx: Tx, userNid: number, deviceIds: readonly string[]): Promise<void> {
  await tx.run(sql`delete from remote_device where user_nid = ${userNid} and device_id ${sql.in(deviceIds)}`);
}
