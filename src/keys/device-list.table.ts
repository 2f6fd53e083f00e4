import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

/** Notes at `pos` of a user's log that the device list of `changedNid` changed. */
export async function putDeviceListChange(tx: Tx, userNid: number, changedNid: number, pos: number): Promise<void> {
  await tx.run(sql`insert into device_list_own (user_nid, changed_nid, pos) values (${userNid}, ${changedNid}, ${pos})
    on conflict (user_nid, changed_nid) do update set pos = excluded.pos`);
}

/**
 * The numbers of the users whose device lists changed for `userNid` at `after < pos <= upTo` of the user's own log.
 * A list that changed again after `upTo` is told of then.
 */
export async function ownDeviceListChanges(
  db: Queryable,
  userNid: number,
  after: number,
  upTo: number,
): Promise<number[]> {
  const rows = await db.all<{ changed_nid: number }>(sql`select changed_nid from device_list_own
    where user_nid = ${userNid} and pos > ${after} and pos <= ${upTo} order by pos`);
  return rows.map(row => row.changed_nid);
}

/** Stands where a device ID would: the user's cross-signing keys changed. */
export const CROSS_SIGNING = '';

/** The last change of one device, or of the cross-signing keys. */
export interface ListChange {
  readonly device_id: string;
  readonly stream_id: number;
}

export async function putListChange(tx: Tx, userNid: number, change: ListChange, ts: number): Promise<void> {
  await tx.run(sql`insert into device_list_change (user_nid, device_id, stream_id, ts)
    values (${userNid}, ${change.device_id}, ${change.stream_id}, ${ts})
    on conflict (user_nid, device_id) do update set stream_id = excluded.stream_id, ts = excluded.ts`);
}

/** A user's changes with `from <= stream_id <= to`, oldest first. Of each device only the last one is known. */
export async function listChanges(
  db: Queryable,
  userNid: number,
  from: number,
  to: number,
  limit: number,
): Promise<ListChange[]> {
  return db.all<ListChange>(sql`select device_id, stream_id from device_list_change
    where user_nid = ${userNid} and stream_id >= ${from} and stream_id <= ${to} order by stream_id limit ${limit}`);
}

/** The last two changes of devices, the newest first. */
export async function lastDeviceChanges(db: Queryable, userNid: number): Promise<ListChange[]> {
  return db.all<ListChange>(sql`select device_id, stream_id from device_list_change
    where user_nid = ${userNid} and device_id <> ${CROSS_SIGNING} order by stream_id desc limit 2`);
}

/** Forgets devices that are gone, but for the newest `keep` changes. */
export async function pruneListChanges(tx: Tx, userNid: number, keep: number): Promise<void> {
  await tx.run(sql`delete from device_list_change where user_nid = ${userNid} and device_id <> ${CROSS_SIGNING}
    and stream_id <= (select stream_id from device_list_change where user_nid = ${userNid}
      order by stream_id desc limit 1 offset ${keep})
    and not exists (select 1 from device d
      where d.user_nid = device_list_change.user_nid and d.device_id = device_list_change.device_id)`);
}

/**
 * The number of the last change of a device of a local user, 0 before the first: `stream_id` of federation's device
 * list updates.
 */
export async function deviceListStreamId(db: Queryable, userNid: number): Promise<number> {
  // Changes from before they were numbered by device are in device_list_own alone.
  const row = await db.get<{ pos: number }>(sql`select coalesce(
    (select max(stream_id) from device_list_change where user_nid = ${userNid} and device_id <> ${CROSS_SIGNING}),
    (select pos from device_list_own where user_nid = ${userNid} and changed_nid = ${userNid}), 0) as pos`);
  return row?.pos ?? 0;
}
