import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

/** The stripped state (JSON) that came with a membership of a user in a room that we are not in. */
export async function outOfBandState(db: Queryable, roomNid: number, userNid: number): Promise<string | undefined> {
  const row = await db.get<{ state: string }>(
    sql`select state from out_of_band where room_nid = ${roomNid} and user_nid = ${userNid}`,
  );
  return row?.state;
}

export async function setOutOfBandState(tx: Tx, roomNid: number, userNid: number, state: string): Promise<void> {
  await tx.run(sql`insert into out_of_band (room_nid, user_nid, state) values (${roomNid}, ${userNid}, ${state})
    on conflict (room_nid, user_nid) do update set state = excluded.state`);
}

/** We are in the room now: its real state says it all. */
export async function clearOutOfBand(tx: Tx, roomNid: number): Promise<void> {
  await tx.run(sql`delete from out_of_band where room_nid = ${roomNid}`);
}
