import type { Queryable, Tx } from '../../db/database.ts';
import { type Sql, sql } from '../../db/sql.ts';

/** Changes of a local user's device list that a server has not got. */
export interface OutboundList {
  readonly user_nid: number;
  readonly from_stream: number;
  readonly to_stream: number;
  /** The last change that it has; null where there was none before. */
  readonly prev_stream: number | null;
}

export interface NewList {
  readonly userNid: number;
  readonly from: number;
  readonly to: number;
  readonly previous: number | null;
  readonly since: number;
}

/** PostgreSQL takes a parameter in a select for a text, unless told. */
function bigint(value: number | null): Sql {
  return sql`cast(${value} as bigint)`;
}

/** A list that waits already waits for the new changes too. */
const AND_THE_NEW = sql`on conflict (domain_nid, user_nid) do update set to_stream = excluded.to_stream
  returning domain_nid`;

/** Has changes of a user's list sent to all servers that share a room with the user. Answers their numbers. */
export async function queueListForAll(tx: Tx, ownDomainNid: number, list: NewList): Promise<number[]> {
  const { userNid, from, to, previous, since } = list;
  const rows = await tx.all<{ domain_nid: number }>(sql`
    insert into outbound_device_list (domain_nid, user_nid, from_stream, to_stream, prev_stream, since)
    select distinct rd.domain_nid, m.user_nid, ${bigint(from)}, ${bigint(to)}, ${bigint(previous)}, ${bigint(since)}
      from room_member m join room_domain rd on rd.room_nid = m.room_nid and rd.joined > 0
      where m.user_nid = ${userNid} and m.membership = 2 and rd.domain_nid <> ${ownDomainNid}
    ${AND_THE_NEW}`);
  return rows.map(row => row.domain_nid);
}

/** The same for the servers of one room that share no other one with the user. */
export async function queueListForNew(tx: Tx, ownDomainNid: number, roomNid: number, list: NewList): Promise<number[]> {
  const { userNid, from, to, previous, since } = list;
  const rows = await tx.all<{ domain_nid: number }>(sql`
    insert into outbound_device_list (domain_nid, user_nid, from_stream, to_stream, prev_stream, since)
    select here.domain_nid, ${bigint(userNid)}, ${bigint(from)}, ${bigint(to)}, ${bigint(previous)}, ${bigint(since)}
      from room_domain here
      where here.room_nid = ${roomNid} and here.joined > 0 and here.domain_nid <> ${ownDomainNid} and not exists (
        select 1 from room_member m
        join room_domain there on there.room_nid = m.room_nid and there.domain_nid = here.domain_nid and there.joined > 0
        where m.user_nid = ${userNid} and m.membership = 2 and m.room_nid <> ${roomNid})
    ${AND_THE_NEW}`);
  return rows.map(row => row.domain_nid);
}

/** The same for one server. */
export async function queueListFor(tx: Tx, domainNid: number, list: NewList): Promise<void> {
  const { userNid, from, to, previous, since } = list;
  await tx.run(sql`insert into outbound_device_list (domain_nid, user_nid, from_stream, to_stream, prev_stream, since)
    values (${domainNid}, ${userNid}, ${from}, ${to}, ${previous}, ${since}) ${AND_THE_NEW}`);
}

/** The lists that wait for a server, longest first. */
export async function listsOf(db: Queryable, domainNid: number, limit: number): Promise<OutboundList[]> {
  return db.all<OutboundList>(sql`select user_nid, from_stream, to_stream, prev_stream from outbound_device_list
    where domain_nid = ${domainNid} order by since, user_nid limit ${limit}`);
}

export interface ListMove {
  readonly userNid: number;
  /** Everything up to here has arrived. */
  readonly sentTo: number;
  /** The last change of a device among that; null where there never was one. */
  readonly previous: number | null;
}

/** What changed since then goes on waiting. */
export async function moveList(tx: Tx, domainNid: number, move: ListMove): Promise<void> {
  const list = sql`domain_nid = ${domainNid} and user_nid = ${move.userNid}`;
  await tx.run(sql`delete from outbound_device_list where ${list} and to_stream <= ${move.sentTo}`);
  await tx.run(sql`update outbound_device_list set from_stream = ${move.sentTo + 1}, prev_stream = ${move.previous}
    where ${list} and from_stream <= ${move.sentTo}`);
}

/** Users of a server who are joined to a room and whose device lists changed at or after `ts`. */
export async function recentlyChangedIn(
  db: Queryable,
  roomNid: number,
  ownDomainNid: number,
  ts: number,
  limit: number,
): Promise<number[]> {
  const rows = await db.all<{ user_nid: number }>(sql`select distinct m.user_nid from room_member m
    join device_list_change c on c.user_nid = m.user_nid and c.ts >= ${ts}
    where m.room_nid = ${roomNid} and m.domain_nid = ${ownDomainNid} and m.membership = 2 limit ${limit}`);
  return rows.map(row => row.user_nid);
}

/** Of some users those who share a room with a server. */
export async function sharingWithServer(
  db: Queryable,
  domainNid: number,
  userNids: readonly number[],
): Promise<number[]> {
  const rows = await db.all<{ user_nid: number }>(sql`select distinct m.user_nid from room_member m
    join room_domain rd on rd.room_nid = m.room_nid and rd.domain_nid = ${domainNid} and rd.joined > 0
    where m.user_nid ${sql.in(userNids)} and m.membership = 2`);
  return rows.map(row => row.user_nid);
}
