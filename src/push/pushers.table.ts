import type { Json, JsonObject } from '../core/json.ts';
import { isObject } from '../core/json.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { isDue } from '../db/due.ts';
import { sql } from '../db/sql.ts';

/** A pusher as the user set it. */
export interface PusherInput {
  readonly appId: string;
  readonly pushkey: string;
  readonly kind: 'http';
  readonly appDisplayName: string;
  readonly deviceDisplayName: string;
  readonly profileTag: string | undefined;
  readonly lang: string;
  readonly data: JsonObject;
  /** The gateway's host. */
  readonly host: string;
}

export interface Pusher extends PusherInput {
  readonly nid: number;
  readonly userNid: number;
  readonly deviceId: string | undefined;
  /** When the pushkey was last set, in milliseconds. */
  readonly ts: number;
  /** Failures since the last success. */
  readonly tries: number;
}

interface PusherRow {
  readonly nid: number;
  readonly user_nid: number;
  readonly app_id: string;
  readonly pushkey: string;
  readonly app_display_name: string;
  readonly device_display_name: string;
  readonly profile_tag: string | null;
  readonly lang: string;
  readonly data: string;
  readonly host: string;
  readonly device_id: string | null;
  readonly ts: number;
  readonly tries: number;
}

const NEXT_TRY = sql`next_try_at`;
const COLUMNS = sql`nid, user_nid, app_id, pushkey, app_display_name, device_display_name, profile_tag, lang, data, host,
  device_id, ts, tries`;

function fromRow(row: PusherRow): Pusher {
  const data = JSON.parse(row.data) as Json;
  return {
    nid: row.nid,
    userNid: row.user_nid,
    appId: row.app_id,
    pushkey: row.pushkey,
    kind: 'http',
    appDisplayName: row.app_display_name,
    deviceDisplayName: row.device_display_name,
    profileTag: row.profile_tag ?? undefined,
    lang: row.lang,
    data: isObject(data) ? data : {},
    host: row.host,
    deviceId: row.device_id ?? undefined,
    ts: row.ts,
    tries: row.tries,
  };
}

export async function pushersOf(db: Queryable, userNid: number): Promise<Pusher[]> {
  const rows = await db.all<PusherRow>(sql`select ${COLUMNS} from pusher where user_nid = ${userNid} order by nid`);
  return rows.map(fromRow);
}

/** Makes a pusher or changes the one of this user with the same app and pushkey; its backoff starts anew. */
export async function writePusher(
  tx: Tx,
  owner: { readonly userNid: number; readonly deviceId: string | undefined },
  pusher: PusherInput,
  ts: number,
): Promise<void> {
  const { appId, pushkey, kind, appDisplayName, deviceDisplayName, lang, host } = pusher;
  await tx.run(
    sql`insert into pusher (user_nid, app_id, pushkey, kind, app_display_name, device_display_name, profile_tag, lang,
        data, host, device_id, ts)
      values (${owner.userNid}, ${appId}, ${pushkey}, ${kind}, ${appDisplayName}, ${deviceDisplayName},
        ${pusher.profileTag ?? null}, ${lang}, ${JSON.stringify(pusher.data)}, ${host}, ${owner.deviceId ?? null}, ${ts})
      on conflict (user_nid, app_id, pushkey) do update set kind = excluded.kind,
        app_display_name = excluded.app_display_name, device_display_name = excluded.device_display_name,
        profile_tag = excluded.profile_tag, lang = excluded.lang, data = excluded.data, host = excluded.host,
        device_id = excluded.device_id, ts = excluded.ts, tries = 0, next_try_at = 0`,
  );
}

export async function countPushers(db: Queryable, userNid: number): Promise<number> {
  const row = await db.get<{ count: number }>(sql`select count(*) as count from pusher where user_nid = ${userNid}`);
  return row?.count ?? 0;
}

/** Deletes pushers and what waits for them. */
export async function deletePushers(tx: Tx, nids: readonly number[]): Promise<void> {
  if (nids.length === 0) return;
  await tx.run(sql`delete from push_queue where pusher_nid ${sql.in(nids)}`);
  await tx.run(sql`delete from pusher where nid ${sql.in(nids)}`);
}

export async function findPusher(
  db: Queryable,
  userNid: number,
  appId: string,
  pushkey: string,
): Promise<number | undefined> {
  const row = await db.get<{ nid: number }>(
    sql`select nid from pusher where user_nid = ${userNid} and app_id = ${appId} and pushkey = ${pushkey}`,
  );
  return row?.nid;
}

/** The pushers of other users with the same app and pushkey. */
export async function pushersOfOthers(
  db: Queryable,
  userNid: number,
  appId: string,
  pushkey: string,
): Promise<number[]> {
  const rows = await db.all<{ nid: number }>(
    sql`select nid from pusher where app_id = ${appId} and pushkey = ${pushkey} and user_nid <> ${userNid}`,
  );
  return rows.map(row => row.nid);
}

/** The pushers that were set with one of these devices. */
export async function pushersOfDevices(
  db: Queryable,
  userNid: number,
  deviceIds: readonly string[],
): Promise<number[]> {
  const rows = await db.all<{ nid: number }>(
    sql`select nid from pusher where user_nid = ${userNid} and device_id ${sql.in(deviceIds)}`,
  );
  return rows.map(row => row.nid);
}

/** The numbers of the pushers of each of the users. */
export async function pushersOfUsers(
  db: Queryable,
  userNids: readonly number[],
): Promise<{ readonly nid: number; readonly user_nid: number }[]> {
  return db.all(sql`select nid, user_nid from pusher where user_nid ${sql.in(userNids)}`);
}

/**
 * Pushers whose time has come and for whom something waits, without those of busy hosts; longest due first. None waits
 * for longer than `longestMs`.
 */
export async function duePushers(
  db: Queryable,
  { now, longestMs }: { readonly now: number; readonly longestMs: number },
  busy: { readonly hosts: readonly string[]; readonly pushers: readonly number[] },
  limit: number,
): Promise<Pusher[]> {
  const rows = await db.all<PusherRow>(
    sql`select ${COLUMNS} from pusher p where ${isDue(now, longestMs, NEXT_TRY)} and not (host ${sql.in(busy.hosts)})
      and not (nid ${sql.in(busy.pushers)}) and exists (select 1 from push_queue q where q.pusher_nid = p.nid)
      order by next_try_at, nid limit ${limit}`,
  );
  return rows.flatMap(row => readable(row));
}

/** A pusher whose row is broken must not keep the others from being read. */
function readable(row: PusherRow): Pusher[] {
  try {
    return [fromRow(row)];
  } catch {
    return [];
  }
}

/** When the next pusher that waits for its backoff is due, or undefined. */
export async function nextDue(db: Queryable, now: number): Promise<number | undefined> {
  const row = await db.get<{ at: number | null }>(
    sql`select min(next_try_at) as at from pusher p where next_try_at > ${now}
      and exists (select 1 from push_queue q where q.pusher_nid = p.nid)`,
  );
  return row?.at ?? undefined;
}

export async function recordFailure(tx: Tx, nid: number, tries: number, nextTryAt: number): Promise<void> {
  await tx.run(sql`update pusher set tries = ${tries}, next_try_at = ${nextTryAt} where nid = ${nid}`);
}

export async function recordSuccess(tx: Tx, nid: number): Promise<void> {
  await tx.run(sql`update pusher set tries = 0, next_try_at = 0 where nid = ${nid}`);
}
