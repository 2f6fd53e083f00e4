import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

/** The servers with joined users in a room, by number: all of them, or as many as are asked for. */
export async function serversIn(db: Queryable, roomNid: number, limit?: number): Promise<number[]> {
  const cut = limit === undefined ? sql.empty : sql`limit ${limit}`;
  const rows = await db.all<{ domain_nid: number }>(
    sql`select domain_nid from room_domain where room_nid = ${roomNid} and joined > 0 order by domain_nid ${cut}`,
  );
  return rows.map(row => row.domain_nid);
}

/** The servers with the most users in a room, by number, those with the most first. */
export async function largestServers(db: Queryable, roomNid: number, limit: number): Promise<number[]> {
  const rows = await db.all<{ domain_nid: number }>(sql`select domain_nid from room_domain
    where room_nid = ${roomNid} and joined > 0 order by joined desc, domain_nid limit ${limit}`);
  return rows.map(row => row.domain_nid);
}

/** Servers that share rooms with another, those with most of them first. */
export async function serversSharing(db: Queryable, ownDomainNid: number): Promise<number[]> {
  const rows = await db.all<{ domain_nid: number }>(sql`select theirs.domain_nid from room_domain ours
    join room_domain theirs on theirs.room_nid = ours.room_nid and theirs.joined > 0
      and theirs.domain_nid <> ours.domain_nid
    where ours.domain_nid = ${ownDomainNid} and ours.joined > 0
    group by theirs.domain_nid order by count(*) desc, theirs.domain_nid`);
  return rows.map(row => row.domain_nid);
}

/** How many users of a server are joined to a room. */
export async function joinedOfServer(db: Queryable, roomNid: number, domainNid: number): Promise<number> {
  const row = await db.get<{ joined: number }>(
    sql`select joined from room_domain where room_nid = ${roomNid} and domain_nid = ${domainNid}`,
  );
  return row?.joined ?? 0;
}

/** How many users of some servers are joined to a room; servers without any may be left out. */
export async function joinedOfServers(
  db: Queryable,
  roomNid: number,
  domainNids: readonly number[],
): Promise<Map<number, number>> {
  const rows = await db.all<{ domain_nid: number; joined: number }>(sql`select domain_nid, joined from room_domain
    where room_nid = ${roomNid} and domain_nid ${sql.in(domainNids)}`);
  return new Map(rows.map(row => [row.domain_nid, row.joined]));
}

export async function isServerIn(db: Queryable, roomNid: number, domainNid: number): Promise<boolean> {
  return (await joinedOfServer(db, roomNid, domainNid)) > 0;
}

/** The rooms in which both servers have joined users, by number. */
export async function sharedRooms(db: Queryable, domainNid: number, ownDomainNid: number): Promise<number[]> {
  const rows = await db.all<{ room_nid: number }>(sql`select theirs.room_nid from room_domain theirs
    join room_domain ours on ours.room_nid = theirs.room_nid and ours.domain_nid = ${ownDomainNid} and ours.joined > 0
    where theirs.domain_nid = ${domainNid} and theirs.joined > 0 order by theirs.room_nid`);
  return rows.map(row => row.room_nid);
}

/** The rooms in which a server has joined users, by number. */
export async function roomsOfServer(db: Queryable, domainNid: number): Promise<number[]> {
  const rows = await db.all<{ room_nid: number }>(
    sql`select room_nid from room_domain where domain_nid = ${domainNid} and joined > 0 order by room_nid`,
  );
  return rows.map(row => row.room_nid);
}

/** Servers that share a room with a user, by number. */
export async function serversOfUser(db: Queryable, userNid: number): Promise<number[]> {
  const rows = await db.all<{ domain_nid: number }>(sql`select distinct rd.domain_nid from room_member m
    join room_domain rd on rd.room_nid = m.room_nid and rd.joined > 0
    where m.user_nid = ${userNid} and m.membership = 2 order by rd.domain_nid`);
  return rows.map(row => row.domain_nid);
}

export async function addToDomain(tx: Tx, roomNid: number, domainNid: number, joined: number): Promise<void> {
  await tx.run(sql`insert into room_domain (room_nid, domain_nid, joined) values (${roomNid}, ${domainNid}, ${joined})
    on conflict (room_nid, domain_nid) do update set joined = room_domain.joined + excluded.joined`);
}

/** Servers that are said to be in a room count as if one user of theirs were joined, until `recountDomains`. */
export async function addServersTold(tx: Tx, roomNid: number, domainNids: readonly number[]): Promise<void> {
  for (let at = 0; at < domainNids.length; at += ROWS_AT_ONCE) {
    const rows = domainNids.slice(at, at + ROWS_AT_ONCE).map(nid => [roomNid, nid, 1]);
    await tx.run(sql`insert into room_domain (room_nid, domain_nid, joined) values ${sql.rows(rows)}
      on conflict (room_nid, domain_nid) do update set joined = room_domain.joined + 1`);
  }
}

const ROWS_AT_ONCE = 500;

/** Counts the joined users of each server in a room anew, by its members. Answers the servers that have none any more. */
export async function recountDomains(tx: Tx, roomNid: number): Promise<number[]> {
  const gone = await tx.all<{ domain_nid: number }>(sql`select domain_nid from room_domain
    where room_nid = ${roomNid} and joined > 0 and not exists (select 1 from room_member m
      where m.room_nid = room_domain.room_nid and m.membership = 2 and m.domain_nid = room_domain.domain_nid)`);
  await tx.run(sql`delete from room_domain where room_nid = ${roomNid}`);
  await tx.run(sql`insert into room_domain (room_nid, domain_nid, joined)
    select room_nid, domain_nid, count(*) from room_member where room_nid = ${roomNid} and membership = 2
    group by room_nid, domain_nid`);
  return gone.map(row => row.domain_nid);
}
