import type { Queryable } from '../db/database.ts';
import { roomsOfUser } from './members.table.ts';
import type { RoomsParts } from './parts.ts';
import { MEMBERSHIPS, type Room } from './room.ts';

/** The rooms that a user is joined to. */
export async function joinedRooms(parts: RoomsParts, db: Queryable, userNid: number): Promise<Room[]> {
  const rows = await roomsOfUser(db, userNid);
  const joined = rows.filter(row => row.membership === MEMBERSHIPS.join).map(row => row.room_nid);
  return [...(await parts.rooms.byNids(db, joined)).values()];
}
