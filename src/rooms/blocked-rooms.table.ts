import type { RoomId, UserId } from '../core/ids.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

export async function blockRoom(tx: Tx, roomId: RoomId, userNid: number, ts: number): Promise<void> {
  await tx.run(sql`insert into blocked_room (room_id, user_nid, ts) values (${roomId}, ${userNid}, ${ts})
    on conflict do nothing`);
}

export async function unblockRoom(tx: Tx, roomId: RoomId): Promise<void> {
  await tx.run(sql`delete from blocked_room where room_id = ${roomId}`);
}

/** Who blocked the room; undefined where nobody has. */
export async function blockerOf(db: Queryable, roomId: RoomId): Promise<UserId | undefined> {
  const row = await db.get<{ user_id: UserId }>(sql`select u.user_id from blocked_room b
    join user_name u on u.nid = b.user_nid where b.room_id = ${roomId}`);
  return row?.user_id;
}

export async function isBlocked(db: Queryable, roomId: RoomId): Promise<boolean> {
  return (await db.get(sql`select 1 as found from blocked_room where room_id = ${roomId}`)) !== undefined;
}
