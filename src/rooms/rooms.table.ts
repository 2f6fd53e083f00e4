import type { RoomId } from '../core/ids.ts';
import { type MatrixError, notFound } from '../core/matrix-error.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { type Sql, sql } from '../db/sql.ts';
import type { DirectoryScope } from './directory-scope.ts';
import { isListedIn } from './network-rooms.table.ts';
import { MEMBERSHIPS } from './room.ts';

export interface RoomRow {
  readonly nid: number;
  readonly room_id: RoomId;
  readonly version: string;
  readonly shard: number;
}

export interface RoomHead {
  readonly state_root: number;
  readonly joined_count: number;
  readonly invited_count: number;
  readonly create_nid: number | null;
  /** What is no deeper is history: a little less than the depth of the event by which this server came in. */
  readonly entered_depth: number;
  /** The depth of that event. */
  readonly joined_depth: number;
}

const HEAD = sql`state_root, joined_count, invited_count, create_nid, entered_depth, joined_depth`;

export async function insertRoom(tx: Tx, room: Omit<RoomRow, 'nid'>): Promise<number> {
  const row = await tx.get<{ nid: number }>(
    sql`insert into room (room_id, version, shard) values (${room.room_id}, ${room.version}, ${room.shard}) returning nid`,
  );
  return row?.nid ?? 0;
}

/** As `insertRoom`; undefined when somebody else has made the room meanwhile. */
export async function insertRoomIfNew(tx: Tx, room: Omit<RoomRow, 'nid'>): Promise<number | undefined> {
  const row = await tx.get<{ nid: number }>(sql`insert into room (room_id, version, shard)
    values (${room.room_id}, ${room.version}, ${room.shard}) on conflict do nothing returning nid`);
  return row?.nid;
}

export async function findRooms(db: Queryable, roomIds: readonly RoomId[]): Promise<RoomRow[]> {
  return db.all<RoomRow>(sql`select nid, room_id, version, shard from room where room_id ${sql.in(roomIds)}`);
}

export async function findRoomsByNid(db: Queryable, nids: readonly number[]): Promise<RoomRow[]> {
  return db.all<RoomRow>(sql`select nid, room_id, version, shard from room where nid ${sql.in(nids)}`);
}

/** Whether the version was changed: that of a room whose create event we have never had. */
export async function setUnprovenVersion(tx: Tx, roomNid: number, version: string): Promise<boolean> {
  return (await tx.run(sql`update room set version = ${version} where nid = ${roomNid} and create_nid is null`)) > 0;
}

/** Rooms with a state and numbers above `after`, by number. */
export function roomsAfter(
  db: Queryable,
  after: number,
  limit: number,
): Promise<{ nid: number; room_id: RoomId; state_root: number }[]> {
  return db.all(sql`select nid, room_id, state_root from room where nid > ${after} and state_root <> 0
    order by nid limit ${limit}`);
}

export async function roomHead(db: Queryable, roomNid: number): Promise<RoomHead> {
  const row = await db.get<RoomHead>(sql`select ${HEAD} from room where nid = ${roomNid}`);
  if (row === undefined) throw roomIsGone();
  return row;
}

/** How many rooms a user is joined to, and how many members these have together, `most` of each at the most. */
export async function extentOfRooms(
  db: Queryable,
  userNid: number,
  most?: number,
): Promise<{ rooms: number; members: number }> {
  const all = sql`room.joined_count`;
  const counted = most === undefined ? all : sql`case when ${all} > ${most} then ${most} else ${all} end`;
  const row = await db.get<{ rooms: number; members: number }>(sql`select count(*) as rooms,
    coalesce(sum(${counted}), 0) as members from room_member join room on room.nid = room_member.room_nid
    where room_member.user_nid = ${userNid} and room_member.membership = ${MEMBERSHIPS.join}`);
  return { rooms: Number(row?.rooms ?? 0), members: Number(row?.members ?? 0) };
}

/** Takes the room's row for the rest of the transaction, so that a room has one writer at a time. */
export async function lockRoom(tx: Tx, roomNid: number): Promise<RoomHead> {
  // An update that changes nothing locks on both databases alike.
  const row = await tx.get<RoomHead>(sql`update room set nid = nid where nid = ${roomNid} returning ${HEAD}`);
  if (row === undefined) throw roomIsGone();
  return row;
}

export async function setRoomState(tx: Tx, roomNid: number, root: number): Promise<void> {
  await tx.run(sql`update room set state_root = ${root} where nid = ${roomNid}`);
}

export async function setRoomCreate(tx: Tx, roomNid: number, createNid: number): Promise<void> {
  await tx.run(sql`update room set create_nid = ${createNid} where nid = ${roomNid}`);
}

export async function setEnteredDepth(
  tx: Tx,
  roomNid: number,
  { entered, joined }: { readonly entered: number; readonly joined: number },
): Promise<void> {
  await tx.run(sql`update room set entered_depth = ${entered}, joined_depth = ${joined} where nid = ${roomNid}`);
}

export async function addToCounts(tx: Tx, roomNid: number, joined: number, invited: number): Promise<void> {
  await tx.run(sql`update room set joined_count = joined_count + ${joined}, invited_count = invited_count + ${invited}
    where nid = ${roomNid}`);
}

export async function setPublic(tx: Tx, roomNid: number, isPublic: boolean): Promise<void> {
  await tx.run(sql`update room set is_public = ${isPublic ? 1 : 0} where nid = ${roomNid}`);
}

export async function isPublic(db: Queryable, roomNid: number): Promise<boolean> {
  const row = await db.get<{ is_public: number }>(sql`select is_public from room where nid = ${roomNid}`);
  return row?.is_public === 1;
}

export interface PublicRoomRow {
  readonly nid: number;
  readonly state_root: number;
  readonly joined_count: number;
}

/** A place in the room directory: before or after the room with these figures. */
export interface DirectoryPlace {
  readonly joined: number;
  readonly nid: number;
  readonly direction: 'forward' | 'backward';
}

/** Rooms of a directory, biggest first, on one side of a place; with `backward` the nearest come first. */
export async function publicRooms(
  db: Queryable,
  scope: DirectoryScope,
  place: DirectoryPlace | undefined,
  limit: number,
): Promise<PublicRoomRow[]> {
  const select = sql`select nid, state_root, joined_count from room where ${listedIn(scope)} and joined_count > 0`;
  if (place === undefined) {
    return db.all<PublicRoomRow>(sql`${select} order by joined_count desc, nid limit ${limit}`);
  }
  const { joined, nid } = place;
  return place.direction === 'forward'
    ? db.all<PublicRoomRow>(sql`${select} and (joined_count < ${joined} or (joined_count = ${joined} and nid > ${nid}))
        order by joined_count desc, nid limit ${limit}`)
    : db.all<PublicRoomRow>(sql`${select} and (joined_count > ${joined} or (joined_count = ${joined} and nid < ${nid}))
        order by joined_count, nid desc limit ${limit}`);
}

function listedIn(scope: DirectoryScope): Sql {
  if (scope === 'own') return sql`is_public = 1`;
  return scope === 'all' ? sql`(is_public = 1 or ${isListedIn(undefined)})` : isListedIn(scope.network);
}

export async function countPublicRooms(db: Queryable): Promise<number> {
  const row = await db.get<{ n: number }>(sql`select count(*) as n from room where is_public = 1 and joined_count > 0`);
  return row?.n ?? 0;
}

/** It was deleted between the look at which the caller found it and this one. */
function roomIsGone(): MatrixError {
  return notFound('This server does not know that room.');
}
