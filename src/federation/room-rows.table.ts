import type { Tx } from '../db/database.ts';
import { type Sql, sql } from '../db/sql.ts';

/** What talking to other servers keeps of rooms, each as a statement that deletes at most so many rows of one. */
const KEPT: readonly ((roomNid: number, limit: number) => Sql)[] = [
  (room, limit) => sql`delete from inbox where nid in (select nid from inbox where room_nid = ${room} limit ${limit})`,
  (room, limit) => sql`delete from awaited_event where room_nid = ${room} and event_id in
    (select event_id from awaited_event where room_nid = ${room} limit ${limit})`,
  (room, limit) => sql`delete from outbound_room where room_nid = ${room} and (domain_nid, kind, from_pos) in
    (select domain_nid, kind, from_pos from outbound_room where room_nid = ${room} limit ${limit})`,
  (room, limit) => sql`delete from outbound_set_aside where nid in
    (select nid from outbound_set_aside where room_nid = ${room} limit ${limit})`,
  room => sql`delete from incomplete_room where room_nid = ${room}`,
  room => sql`delete from room_probe where room_nid = ${room}`,
  (room, limit) => sql`delete from probe_refusal where room_nid = ${room} and domain_nid in
    (select domain_nid from probe_refusal where room_nid = ${room} limit ${limit})`,
];

/** Deletes at most `limit` rows that name a room; their number. */
export async function deleteFederationRowsOf(tx: Tx, roomNid: number, limit: number): Promise<number> {
  for (const statement of KEPT) {
    const deleted = await tx.run(statement(roomNid, limit));
    if (deleted > 0) return deleted;
  }
  return 0;
}
