import type { Queryable, Tx } from '../../db/database.ts';
import { isDue } from '../../db/due.ts';
import { sql } from '../../db/sql.ts';

/** A server whose device lists are wanted. Times are milliseconds since the epoch. */
export interface DeviceServer {
  readonly domain_nid: number;
  readonly due: number;
  readonly tried: number;
  readonly failures: number;
}

export function deviceServer(db: Queryable, domainNid: number): Promise<DeviceServer | undefined> {
  return db.get<DeviceServer>(
    sql`select domain_nid, due, tried, failures from remote_device_server where domain_nid = ${domainNid}`,
  );
}

/** Servers that are due, those that wait longest first; none waits for longer than `longestMs`. */
export function dueServers(db: Queryable, now: number, longestMs: number, limit: number): Promise<DeviceServer[]> {
  return db.all<DeviceServer>(sql`select domain_nid, due, tried, failures from remote_device_server
    where ${isDue(now, longestMs)} order by due limit ${limit}`);
}

/** When the next server is due. */
export async function nextServerDue(db: Queryable, after: number): Promise<number | undefined> {
  const row = await db.get<{ due: number | null }>(
    sql`select min(due) as due from remote_device_server where due > ${after}`,
  );
  return row?.due ?? undefined;
}

/** The server is asked at `due`; one that is known already keeps its own time. */
export async function scheduleServer(tx: Tx, domainNid: number, due: number): Promise<void> {
  await tx.run(sql`insert into remote_device_server (domain_nid, due, tried, failures)
    values (${domainNid}, ${due}, 0, 0) on conflict do nothing`);
}

export async function putDeviceServer(tx: Tx, server: DeviceServer): Promise<void> {
  await tx.run(sql`insert into remote_device_server (domain_nid, due, tried, failures)
    values (${server.domain_nid}, ${server.due}, ${server.tried}, ${server.failures})
    on conflict (domain_nid) do update set due = excluded.due, tried = excluded.tried, failures = excluded.failures`);
}

export async function forgetServer(tx: Tx, domainNid: number): Promise<void> {
  await tx.run(sql`delete from remote_device_server where domain_nid = ${domainNid}`);
}
