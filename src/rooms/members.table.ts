import type { Queryable, Tx } from '../db/database.ts';
import { type Sql, sql } from '../db/sql.ts';
import { MEMBERSHIPS } from './room.ts';

export interface MemberRow {
  readonly room_nid: number;
  readonly user_nid: number;
  readonly membership: number;
  readonly event_nid: number;
  readonly pos: number;
  readonly forgotten: number;
}

export interface ProfileRow {
  readonly user_nid: number;
  readonly event_nid: number;
  readonly display_name: string | null;
  readonly avatar_url: string | null;
}

export interface NewMember {
  readonly roomNid: number;
  readonly userNid: number;
  readonly domainNid: number;
  readonly membership: number;
  readonly eventNid: number;
  readonly pos: number;
  readonly displayName: string | null;
  readonly avatarUrl: string | null;
}

/** At least one member; no user twice. */
export async function setMembers(tx: Tx, members: readonly NewMember[]): Promise<void> {
  const rows = members.map(({ roomNid, userNid, domainNid, membership, eventNid, pos, displayName, avatarUrl }) => [
    roomNid,
    userNid,
    domainNid,
    membership,
    eventNid,
    pos,
    displayName,
    avatarUrl,
  ]);
  await tx.run(sql`insert into room_member
      (room_nid, user_nid, domain_nid, membership, event_nid, pos, display_name, avatar_url)
    values ${sql.rows(rows)}
    on conflict (room_nid, user_nid) do update set membership = excluded.membership, event_nid = excluded.event_nid,
      pos = excluded.pos, forgotten = 0, display_name = excluded.display_name, avatar_url = excluded.avatar_url`);
}

export async function deleteMembers(tx: Tx, roomNid: number, userNids: readonly number[]): Promise<void> {
  await tx.run(sql`delete from room_member where room_nid = ${roomNid} and user_nid ${sql.in(userNids)}`);
}

/** What some users are in a room: their memberships by their numbers. */
export async function membershipsOf(
  db: Queryable,
  roomNid: number,
  userNids: readonly number[],
): Promise<Map<number, number>> {
  const rows = await db.all<{ user_nid: number; membership: number }>(sql`select user_nid, membership from room_member
    where room_nid = ${roomNid} and user_nid ${sql.in(userNids)}`);
  return new Map(rows.map(row => [row.user_nid, row.membership]));
}

export async function getMember(db: Queryable, roomNid: number, userNid: number): Promise<MemberRow | undefined> {
  return db.get<MemberRow>(sql`select room_nid, user_nid, membership, event_nid, pos, forgotten from room_member
    where room_nid = ${roomNid} and user_nid = ${userNid}`);
}

/** All rooms that a user is or was in, or is asked into. */
export async function roomsOfUser(db: Queryable, userNid: number): Promise<MemberRow[]> {
  return db.all<MemberRow>(sql`select room_nid, user_nid, membership, event_nid, pos, forgotten from room_member
    where user_nid = ${userNid}`);
}

/** The rooms to which some users are joined, and users of the server `domainNid` with them. */
export async function roomsSharedWith(
  db: Queryable,
  userNids: readonly number[],
  domainNid: number,
): Promise<Pick<MemberRow, 'room_nid' | 'user_nid'>[]> {
  return db.all<Pick<MemberRow, 'room_nid' | 'user_nid'>>(sql`select m.room_nid, m.user_nid from room_member m
    join room_domain d on d.room_nid = m.room_nid and d.domain_nid = ${domainNid} and d.joined > 0
    where m.user_nid ${sql.in(userNids)} and m.membership = ${MEMBERSHIPS.join}`);
}

/** A user's memberships in some rooms. */
export async function membershipsIn(db: Queryable, userNid: number, roomNids: readonly number[]): Promise<MemberRow[]> {
  return db.all<MemberRow>(sql`select room_nid, user_nid, membership, event_nid, pos, forgotten from room_member
    where user_nid = ${userNid} and room_nid ${sql.in(roomNids)}`);
}

/** The users of one server that are joined to a room. */
export async function joinedOfDomain(db: Queryable, roomNid: number, domainNid: number): Promise<ProfileRow[]> {
  return db.all<ProfileRow>(sql`select user_nid, event_nid, display_name, avatar_url from room_member
    where room_nid = ${roomNid} and user_nid in (${joinedNids(roomNid, domainNid)})`);
}

/** By number, from the index alone: asked for more, SQLite would rather walk over all members of the room. */
function joinedNids(roomNid: number, domainNid: number): Sql {
  return sql`select user_nid from room_member
    where room_nid = ${roomNid} and domain_nid = ${domainNid} and membership = ${MEMBERSHIPS.join}`;
}

/** Whether a server has a user who is asked into a room. */
export async function isInvitedDomain(db: Queryable, roomNid: number, domainNid: number): Promise<boolean> {
  const row = await db.get(sql`select 1 as found from room_member
    where room_nid = ${roomNid} and domain_nid = ${domainNid} and membership = ${MEMBERSHIPS.invite} limit 1`);
  return row !== undefined;
}

/** A user of one server that is joined to a room: who came in first. */
export async function someJoinedOfDomain(
  db: Queryable,
  roomNid: number,
  domainNid: number,
): Promise<number | undefined> {
  const row = await db.get<{ user_nid: number }>(sql`select user_nid from room_member
    where room_nid = ${roomNid} and user_nid in (${joinedNids(roomNid, domainNid)})
    order by pos, user_nid limit 1`);
  return row?.user_nid;
}

/** Users of one server that are or were in a room or asked into it, with a number above `after`, by number. */
export async function usersOfDomain(
  db: Queryable,
  roomNid: number,
  domainNid: number,
  after: number,
  limit: number,
): Promise<number[]> {
  const rows = await db.all<{ user_nid: number }>(sql`select user_nid from room_member
    where room_nid = ${roomNid} and domain_nid = ${domainNid} and user_nid > ${after} order by user_nid limit ${limit}`);
  return rows.map(row => row.user_nid);
}

/** Some users of one server who are in a room, asked into it or ask to be let in, with numbers above `after`. */
export async function presentOfDomain(
  db: Queryable,
  roomNid: number,
  domainNid: number,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<number[]> {
  const present = [MEMBERSHIPS.join, MEMBERSHIPS.invite, MEMBERSHIPS.knock];
  const rows = await db.all<{ user_nid: number }>(sql`select user_nid from room_member
    where room_nid = ${roomNid} and user_nid > ${after} and domain_nid = ${domainNid} and membership ${sql.in(present)}
    order by user_nid limit ${limit}`);
  return rows.map(row => row.user_nid);
}

/** Members by membership, in a fixed order. */
export async function membersOf(
  db: Queryable,
  roomNid: number,
  memberships: readonly number[],
  limit = -1,
): Promise<ProfileRow[]> {
  const cut = limit < 0 ? sql.empty : sql`limit ${limit}`;
  return db.all<ProfileRow>(sql`select user_nid, event_nid, display_name, avatar_url from room_member
    where room_nid = ${roomNid} and membership ${sql.in(memberships)} order by pos, user_nid ${cut}`);
}

/** Users who are joined to at least one of some rooms. */
export async function joinedToAny(
  db: Queryable,
  roomNids: readonly number[],
  userNids: readonly number[],
): Promise<number[]> {
  const rows = await db.all<{ user_nid: number }>(sql`select distinct user_nid from room_member
    where user_nid ${sql.in(userNids)} and membership = ${MEMBERSHIPS.join} and room_nid ${sql.in(roomNids)}`);
  return rows.map(row => row.user_nid);
}

/** Of some users those who are joined to a room that a user is joined to. */
export async function sharingRoomWith(db: Queryable, userNid: number, userNids: readonly number[]): Promise<number[]> {
  const rows = await db.all<{ user_nid: number }>(sql`select distinct other.user_nid from room_member own
    join room_member other on other.room_nid = own.room_nid
    where own.user_nid = ${userNid} and own.membership = ${MEMBERSHIPS.join}
      and other.user_nid ${sql.in(userNids)} and other.membership = ${MEMBERSHIPS.join}`);
  return rows.map(row => row.user_nid);
}

/** The event that a membership comes from was redacted: with it go name and picture. */
export async function forgetMemberProfile(tx: Tx, roomNid: number, userNid: number, eventNid: number): Promise<void> {
  await tx.run(sql`update room_member set display_name = null, avatar_url = null
    where room_nid = ${roomNid} and user_nid = ${userNid} and event_nid = ${eventNid}`);
}

export async function setForgotten(tx: Tx, roomNid: number, userNid: number): Promise<void> {
  await tx.run(sql`update room_member set forgotten = 1 where room_nid = ${roomNid} and user_nid = ${userNid}`);
}

/** Rooms that both are joined to, with a number above `after`, by number. */
export async function mutualRoomNids(
  db: Queryable,
  userNid: number,
  otherNid: number,
  after: number,
  limit: number,
): Promise<number[]> {
  const rows = await db.all<{ room_nid: number }>(sql`select m.room_nid from room_member m
    join room_member o on o.room_nid = m.room_nid and o.user_nid = ${otherNid} and o.membership = ${MEMBERSHIPS.join}
    where m.user_nid = ${userNid} and m.membership = ${MEMBERSHIPS.join} and m.room_nid > ${after}
    order by m.room_nid limit ${limit}`);
  return rows.map(row => row.room_nid);
}

export async function countMutualRooms(db: Queryable, userNid: number, otherNid: number): Promise<number> {
  const row = await db.get<{ n: number }>(sql`select count(*) as n from room_member m
    join room_member o on o.room_nid = m.room_nid and o.user_nid = ${otherNid} and o.membership = ${MEMBERSHIPS.join}
    where m.user_nid = ${userNid} and m.membership = ${MEMBERSHIPS.join}`);
  return row?.n ?? 0;
}
