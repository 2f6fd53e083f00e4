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

/**
 * The position of the last change of a local user's own device list, 0 before the first: it only grows, which is what
 * `stream_id` of federation's device list updates needs.
 */
export async function deviceListStreamId(db: Queryable, userNid: number): Promise<number> {
  const row = await db.get<{ pos: number }>(
    sql`select pos from device_list_own where user_nid = ${userNid} and changed_nid = ${userNid}`,
  );
  return row?.pos ?? 0;
}
