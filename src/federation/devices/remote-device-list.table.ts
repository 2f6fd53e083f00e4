import type { Queryable, Tx } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import { MEMBERSHIPS } from '../../rooms/room.ts';

/** What is known of a user's device list beside the devices themselves. */
export interface ListRow {
  readonly user_nid: number;
  readonly domain_nid: number;
  readonly stream_id: number | null;
  readonly stale: number;
  readonly doubts: number;
  /** How often clients were told of a change since anybody last asked. */
  readonly told: number;
  readonly wanted: number;
  readonly master_key: string | null;
  readonly self_signing_key: string | null;
}

/** `wanted`: nobody waits for the list, or clients were given an old one and have to be told when it is there. */
export const QUIETLY = 1;
export const ALOUD = 2;

const ROWS_A_STATEMENT = 200;

const columns = sql`user_nid, domain_nid, stream_id, stale, doubts, told, wanted, master_key, self_signing_key`;

export async function listsOf(db: Queryable, userNids: readonly number[]): Promise<Map<number, ListRow>> {
  const rows = await db.all<ListRow>(sql`select ${columns} from remote_device_list where user_nid ${sql.in(userNids)}`);
  return new Map(rows.map(row => [row.user_nid, row]));
}

/** The same, and nobody else changes them before this transaction ends. */
export async function lockLists(tx: Tx, userNids: readonly number[]): Promise<Map<number, ListRow>> {
  const rows = await tx.all<ListRow>(sql`update remote_device_list set doubts = doubts
    where user_nid ${sql.in(userNids)} returning ${columns}`);
  return new Map(rows.map(row => [row.user_nid, row]));
}

export interface ListOwner {
  readonly userNid: number;
  readonly domainNid: number;
}

/**
 * Begins lists of which nothing is known yet, and notes of all of them that clients were told of a change once more, or
 * that they ask.
 */
export async function openLists(tx: Tx, owners: readonly ListOwner[], how: 'told' | 'asked'): Promise<void> {
  const first = how === 'told' ? 1 : 0;
  const then = how === 'told' ? sql`remote_device_list.told + 1` : sql`0`;
  for (let at = 0; at < owners.length; at += ROWS_A_STATEMENT) {
    const rows = owners.slice(at, at + ROWS_A_STATEMENT).map(owner => [owner.userNid, owner.domainNid, 1, first]);
    await tx.run(sql`insert into remote_device_list (user_nid, domain_nid, stale, told) values ${sql.rows(rows)}
      on conflict (user_nid) do update set told = ${then}`);
  }
}

/** The lists may be out of date from now on. */
export async function doubtLists(tx: Tx, userNids: readonly number[]): Promise<void> {
  await tx.run(sql`update remote_device_list set stale = 1, doubts = doubts + 1 where user_nid ${sql.in(userNids)}`);
}

/** The same for all there are. */
export async function doubtAllLists(tx: Tx): Promise<void> {
  await tx.run(sql`update remote_device_list set stale = 1, doubts = doubts + 1`);
}

/** The same for all who are joined to a room. */
export async function doubtListsInRoom(tx: Tx, roomNid: number): Promise<void> {
  await tx.run(sql`update remote_device_list set stale = 1, doubts = doubts + 1 where user_nid in (
    select user_nid from room_member where room_nid = ${roomNid} and membership = ${MEMBERSHIPS.join})`);
}

/** Asks for lists that there are to be had anew by and by. */
export async function wantLists(tx: Tx, userNids: readonly number[], how: 1 | 2): Promise<void> {
  await tx.run(
    sql`update remote_device_list set wanted = ${how} where user_nid ${sql.in(userNids)} and wanted < ${how}`,
  );
}

/** Nobody waits for the lists any more. */
export async function unwantLists(tx: Tx, userNids: readonly number[]): Promise<void> {
  await tx.run(sql`update remote_device_list set wanted = 0 where user_nid ${sql.in(userNids)}`);
}

/** Users of one server whose lists are wanted. */
export async function wantedOf(db: Queryable, domainNid: number, limit: number): Promise<number[]> {
  const rows = await db.all<{ user_nid: number }>(sql`select user_nid from remote_device_list
    where domain_nid = ${domainNid} and wanted > 0 order by user_nid limit ${limit}`);
  return rows.map(row => row.user_nid);
}

/** Users of one server whose lists are held for sure, the largest first. */
export async function freshLists(db: Queryable, domainNid: number, limit: number): Promise<number[]> {
  const rows = await db.all<{ user_nid: number }>(sql`select user_nid from remote_device_list
    where domain_nid = ${domainNid} and stale = 0 and wanted = 0 order by size desc, user_nid limit ${limit}`);
  return rows.map(row => row.user_nid);
}

/** How many lists of users of one server are wanted. */
export async function countWanted(db: Queryable, domainNid: number): Promise<number> {
  const row = await db.get<{ n: number }>(sql`select count(*) as n from remote_device_list
    where domain_nid = ${domainNid} and wanted > 0`);
  return row?.n ?? 0;
}

export type ListChange = Pick<ListRow, 'user_nid' | 'stream_id' | 'stale' | 'master_key' | 'self_signing_key'>;

/** Stores what is known of a list now; `size` follows from its devices, which must be stored before. */
export async function putList(tx: Tx, list: ListChange & Pick<ListRow, 'wanted'>): Promise<void> {
  const keys = (list.master_key?.length ?? 0) + (list.self_signing_key?.length ?? 0);
  await tx.run(sql`update remote_device_list set stream_id = ${list.stream_id}, stale = ${list.stale},
    wanted = ${list.wanted}, master_key = ${list.master_key}, self_signing_key = ${list.self_signing_key},
    size = ${keys} + (select coalesce(sum(length(json)), 0) from remote_device where user_nid = ${list.user_nid})
    where user_nid = ${list.user_nid}`);
}

/** Of some users those who are joined to a room that users of the server `domainNid` are joined to. */
export async function sharingRooms(
  db: Queryable,
  userNids: readonly number[],
  domainNid: number,
): Promise<Set<number>> {
  const rows = await db.all<{ user_nid: number }>(sql`select distinct m.user_nid from room_member m
    join room_domain d on d.room_nid = m.room_nid and d.domain_nid = ${domainNid} and d.joined > 0
    where m.user_nid ${sql.in(userNids)} and m.membership = ${MEMBERSHIPS.join}`);
  return new Set(rows.map(row => row.user_nid));
}

/** Users with lists, by number after `after`. */
export async function usersWithLists(db: Queryable, after: number, limit: number): Promise<number[]> {
  const rows = await db.all<{ user_nid: number }>(sql`select user_nid from remote_device_list
    where user_nid > ${after} order by user_nid limit ${limit}`);
  return rows.map(row => row.user_nid);
}

export async function deleteLists(tx: Tx, userNids: readonly number[]): Promise<void> {
  await tx.run(sql`delete from remote_device where user_nid ${sql.in(userNids)}`);
  await tx.run(sql`delete from remote_device_list where user_nid ${sql.in(userNids)}`);
}

/** The bytes of all lists. */
export async function bytesOfLists(db: Queryable): Promise<number> {
  const row = await db.get<{ bytes: number }>(
    sql`select cast(coalesce(sum(size), 0) as bigint) as bytes from remote_device_list`,
  );
  return row?.bytes ?? 0;
}

/** The users with the largest lists of the server whose lists take most. */
export async function largestLists(db: Queryable, limit: number): Promise<number[]> {
  const rows = await db.all<{ user_nid: number }>(sql`select user_nid from remote_device_list
    where size > 0 and domain_nid = (
      select domain_nid from remote_device_list group by domain_nid order by sum(size) desc limit 1)
    order by size desc limit ${limit}`);
  return rows.map(row => row.user_nid);
}
