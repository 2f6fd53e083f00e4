import type { RoomId, UserId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

export interface AccountDataItem {
  readonly type: string;
  readonly content: JsonObject;
  /** Where it stands in the user's log: the latest write counts. */
  readonly pos: number;
}

export interface RoomAccountDataItem extends AccountDataItem {
  readonly roomId: RoomId;
}

interface Row {
  readonly room_id: string;
  readonly type: string;
  readonly pos: number;
  readonly content: string;
}

/** What is stored as room for data of the account as a whole. */
const NO_ROOM = '';

function item(row: Row): RoomAccountDataItem {
  const content = JSON.parse(row.content) as JsonObject;
  return { type: row.type, content, pos: row.pos, roomId: row.room_id as RoomId };
}

/** Data of the account as a whole that was written after a position of the user's log; 0 for all of it. */
export async function globalSince(db: Queryable, userNid: number, afterPos: number): Promise<AccountDataItem[]> {
  const rows = await db.all<Row>(
    sql`select room_id, type, pos, content from account_data
      where user_nid = ${userNid} and pos > ${afterPos} and room_id = ${NO_ROOM} order by pos`,
  );
  return rows.map(item);
}

/** Data of rooms that was written after a position of the user's log; 0 for all of it. */
export async function roomSince(db: Queryable, userNid: number, afterPos: number): Promise<RoomAccountDataItem[]> {
  const rows = await db.all<Row>(
    sql`select room_id, type, pos, content from account_data
      where user_nid = ${userNid} and pos > ${afterPos} and room_id <> ${NO_ROOM} order by pos`,
  );
  return rows.map(item);
}

export function allGlobal(db: Queryable, userNid: number): Promise<AccountDataItem[]> {
  return globalSince(db, userNid, 0);
}

/** All data of some rooms. */
export async function allOfRooms(
  db: Queryable,
  userNid: number,
  roomIds: readonly RoomId[],
): Promise<RoomAccountDataItem[]> {
  const rows = await db.all<Row>(
    sql`select room_id, type, pos, content from account_data
      where user_nid = ${userNid} and room_id ${sql.in(roomIds)} order by pos`,
  );
  return rows.map(item);
}

/** The contents of one type that a user keeps for rooms. */
export async function contentsByRoom(db: Queryable, userNid: number, type: string): Promise<Map<RoomId, JsonObject>> {
  const rows = await db.all<Row>(
    sql`select room_id, type, pos, content from account_data
      where user_nid = ${userNid} and type = ${type} and room_id <> ${NO_ROOM}`,
  );
  return new Map(rows.map(row => [row.room_id as RoomId, item(row).content]));
}

export async function oneItem(
  db: Queryable,
  userNid: number,
  roomId: RoomId | undefined,
  type: string,
): Promise<JsonObject | undefined> {
  const text = await oneItemText(db, userNid, roomId, type);
  return text === undefined ? undefined : (JSON.parse(text) as JsonObject);
}

export async function oneItemText(
  db: Queryable,
  userNid: number,
  roomId: RoomId | undefined,
  type: string,
): Promise<string | undefined> {
  const row = await db.get<{ content: string }>(
    sql`select content from account_data
      where user_nid = ${userNid} and room_id = ${roomId ?? NO_ROOM} and type = ${type}`,
  );
  return row?.content;
}

export async function putItem(
  tx: Tx,
  userNid: number,
  roomId: RoomId | undefined,
  row: { readonly type: string; readonly pos: number; readonly content: string },
): Promise<void> {
  await tx.run(
    sql`insert into account_data (user_nid, room_id, type, pos, content)
      values (${userNid}, ${roomId ?? NO_ROOM}, ${row.type}, ${row.pos}, ${row.content})
      on conflict (user_nid, room_id, type) do update set pos = excluded.pos, content = excluded.content`,
  );
}

export async function deleteAccountData(tx: Tx, userNid: number): Promise<void> {
  await tx.run(sql`delete from account_data where user_nid = ${userNid}`);
  await tx.run(sql`delete from ignored_user where user_nid = ${userNid}`);
}

/** Deletes what a user keeps for a room; what it was. */
export function deleteRoomData(tx: Tx, userNid: number, roomId: RoomId): Promise<{ type: string; content: string }[]> {
  return tx.all(
    sql`delete from account_data where user_nid = ${userNid} and room_id = ${roomId} returning type, content`,
  );
}

export async function replaceIgnored(tx: Tx, userNid: number, ignored: readonly UserId[]): Promise<void> {
  await tx.run(sql`delete from ignored_user where user_nid = ${userNid}`);
  const rows = ignored.map(user => [userNid, user] as const);
  // PostgreSQL takes 65 535 parameters in one statement.
  for (let at = 0; at < rows.length; at += 1000) {
    await tx.run(sql`insert into ignored_user (user_nid, ignored) values ${sql.rows(rows.slice(at, at + 1000))}`);
  }
}

export async function ignoredBy(db: Queryable, userNid: number): Promise<UserId[]> {
  const rows = await db.all<{ ignored: UserId }>(sql`select ignored from ignored_user where user_nid = ${userNid}`);
  return rows.map(row => row.ignored);
}

export async function ignorersOf(db: Queryable, userId: UserId): Promise<number[]> {
  const rows = await db.all<{ user_nid: number }>(sql`select user_nid from ignored_user where ignored = ${userId}`);
  return rows.map(row => row.user_nid);
}
