import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

/** The room in which the server writes to a user. */
export async function noticeRoomOf(db: Queryable, userNid: number): Promise<number | undefined> {
  const row = await db.get<{ room_nid: number }>(
    sql`select room_nid from server_notice_room where user_nid = ${userNid}`,
  );
  return row?.room_nid;
}

export async function setNoticeRoom(tx: Tx, userNid: number, roomNid: number): Promise<void> {
  await tx.run(sql`insert into server_notice_room (user_nid, room_nid) values (${userNid}, ${roomNid})
    on conflict (user_nid) do update set room_nid = excluded.room_nid`);
}

/** Whether it is a room of somebody's in which the server writes. */
export async function isNoticeRoom(db: Queryable, roomNid: number): Promise<boolean> {
  return (await db.get(sql`select 1 as found from server_notice_room where room_nid = ${roomNid}`)) !== undefined;
}
