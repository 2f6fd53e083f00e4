import type { Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

/** Says whether everybody may know who is in a room. */
export async function setRoomOpen(tx: Tx, roomNid: number, isOpen: boolean): Promise<void> {
  await tx.run(
    isOpen
      ? sql`insert into open_room (room_nid) values (${roomNid}) on conflict do nothing`
      : sql`delete from open_room where room_nid = ${roomNid}`,
  );
}
