import type { Queryable, Tx } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

/** One connection of one device. `device_id` is empty for those who have none. */
export interface ConnectionKey {
  readonly userNid: number;
  readonly deviceId: string;
  readonly connId: string;
}

export interface PositionRow {
  readonly name: string;
  /** See `writeRooms`. */
  readonly state: string;
  readonly used_ts: number;
}

export function findPosition(db: Queryable, key: ConnectionKey, name: string): Promise<PositionRow | undefined> {
  return db.get<PositionRow>(sql`select name, state, used_ts from sliding_position where user_nid = ${key.userNid}
    and device_id = ${key.deviceId} and conn_id = ${key.connId} and name = ${name}`);
}

export async function insertPosition(tx: Tx, key: ConnectionKey, row: PositionRow): Promise<void> {
  await tx.run(sql`insert into sliding_position (user_nid, device_id, conn_id, name, state, used_ts)
    values (${key.userNid}, ${key.deviceId}, ${key.connId}, ${row.name}, ${row.state}, ${row.used_ts})`);
}

export async function touchPosition(tx: Tx, key: ConnectionKey, name: string, now: number): Promise<void> {
  await tx.run(sql`update sliding_position set used_ts = ${now} where user_nid = ${key.userNid}
    and device_id = ${key.deviceId} and conn_id = ${key.connId} and name = ${name}`);
}

/** Deletes what a connection has besides the position that its client is at. */
export async function deleteOtherPositions(tx: Tx, key: ConnectionKey, name: string): Promise<void> {
  await tx.run(sql`delete from sliding_position where user_nid = ${key.userNid}
    and device_id = ${key.deviceId} and conn_id = ${key.connId} and name <> ${name}`);
}

/** Of the connections of a device only those used last stay. */
export async function keepNewestConnections(tx: Tx, key: ConnectionKey, count: number): Promise<void> {
  await tx.run(sql`delete from sliding_position where user_nid = ${key.userNid} and device_id = ${key.deviceId}
    and conn_id not in (select conn_id from sliding_position
      where user_nid = ${key.userNid} and device_id = ${key.deviceId}
      group by conn_id order by max(used_ts) desc, conn_id limit ${count})`);
}

/** The devices are gone. */
export async function deleteConnections(tx: Tx, userNid: number, deviceIds: readonly string[]): Promise<void> {
  await tx.run(sql`delete from sliding_position where user_nid = ${userNid} and device_id ${sql.in(deviceIds)}`);
}

/** Deletes positions that nobody used since. */
export async function pruneConnections(tx: Tx, before: number, limit: number): Promise<number> {
  return tx.run(sql`delete from sliding_position where (user_nid, device_id, conn_id, name) in
    (select user_nid, device_id, conn_id, name from sliding_position where used_ts < ${before}
      order by used_ts limit ${limit})`);
}
