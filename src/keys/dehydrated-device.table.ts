import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

export interface DehydratedDeviceRow {
  readonly device_id: string;
  /** JSON. */
  readonly device_data: string;
}

export function findDehydratedDevice(db: Queryable, userNid: number): Promise<DehydratedDeviceRow | undefined> {
  return db.get<DehydratedDeviceRow>(
    sql`select device_id, device_data from dehydrated_device where user_nid = ${userNid}`,
  );
}

/** Takes the place of another one. */
export async function putDehydratedDevice(tx: Tx, userNid: number, row: DehydratedDeviceRow): Promise<void> {
  await tx.run(sql`insert into dehydrated_device (user_nid, device_id, device_data)
    values (${userNid}, ${row.device_id}, ${row.device_data}) on conflict (user_nid) do update
    set device_id = excluded.device_id, device_data = excluded.device_data`);
}

export async function dropDehydratedDevice(tx: Tx, userNid: number, deviceIds: readonly string[]): Promise<void> {
  await tx.run(sql`delete from dehydrated_device where user_nid = ${userNid} and device_id ${sql.in(deviceIds)}`);
}
