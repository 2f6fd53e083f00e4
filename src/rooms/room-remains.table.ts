import type { EventId, RoomId } from '../core/ids.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { type Sql, sql } from '../db/sql.ts';

/** Takes a room out of the list of rooms; what is left of it stands under its number until it is cleared away. */
export async function leaveRemains(tx: Tx, roomNid: number, roomId: RoomId): Promise<void> {
  await tx.run(sql`insert into room_remains (room_nid, room_id) values (${roomNid}, ${roomId}) on conflict do nothing`);
  await tx.run(sql`delete from room where nid = ${roomNid}`);
}

export async function hasRemains(db: Queryable, roomId: RoomId): Promise<boolean> {
  return (await db.get(sql`select 1 as found from room_remains where room_id = ${roomId}`)) !== undefined;
}

export async function remainsOf(db: Queryable, roomId: RoomId): Promise<number | undefined> {
  const row = await db.get<{ room_nid: number }>(sql`select room_nid from room_remains where room_id = ${roomId}`);
  return row?.room_nid;
}

export async function forgetRemains(tx: Tx, roomNid: number): Promise<void> {
  await tx.run(sql`delete from room_remains where room_nid = ${roomNid}`);
}

/** Tables of this part that name the room, each with the rest of its primary key. Members, events and states go apart. */
const ROWS: readonly (readonly [table: Sql, key: Sql])[] = [
  [sql`receipt`, sql`room_nid, user_nid, receipt_type, thread`],
  [sql`relation`, sql`room_nid, target, rel_type, event_nid`],
  [sql`redaction`, sql`room_nid, redacts, event_nid`],
  [sql`extremity`, sql`room_nid, event_nid`],
  [sql`backward_extremity`, sql`room_nid, event_id`],
  [sql`hole`, sql`room_nid, event_id`],
  [sql`judged_again`, sql`room_nid, domain_nid`],
  [sql`state_partial`, sql`room_nid, event_nid`],
  [sql`out_of_band`, sql`room_nid, user_nid`],
  [sql`room_domain`, sql`room_nid, domain_nid`],
  [sql`open_room`, sql`room_nid`],
  [sql`room_facts`, sql`room_nid`],
  [sql`network_room`, sql`network, room_nid`],
  [sql`server_notice_room`, sql`user_nid`],
  [sql`delayed_event`, sql`delay_id`],
  [sql`room_log`, sql`shard, pos`],
  [sql`state_page`, sql`room_nid, rec`],
];

/** Deletes at most `limit` rows of the tables in `ROWS`. Fewer than that: there are no more. */
export async function deleteRoomRows(tx: Tx, roomNid: number, limit: number): Promise<number> {
  let deleted = 0;
  for (const [table, key] of ROWS) {
    if (deleted >= limit) break;
    deleted += await tx.run(sql`delete from ${table} where (${key}) in
      (select ${key} from ${table} where room_nid = ${roomNid} limit ${limit - deleted})`);
  }
  return deleted;
}

/** Some members: those of this server first, who have more to be cleared away than their membership. */
export function someMembers(
  db: Queryable,
  roomNid: number,
  ownDomainNid: number,
  limit: number,
): Promise<{ user_nid: number; is_own: number }[]> {
  return db.all(sql`select user_nid, case when domain_nid = ${ownDomainNid} then 1 else 0 end as is_own from room_member
    where room_nid = ${roomNid} order by is_own desc limit ${limit}`);
}

export async function deleteMemberRows(tx: Tx, roomNid: number, userNids: readonly number[]): Promise<number> {
  return tx.run(sql`delete from room_member where room_nid = ${roomNid} and user_nid ${sql.in(userNids)}`);
}

export function someEvents(
  db: Queryable,
  roomNid: number,
  limit: number,
): Promise<{ nid: number; event_id: EventId }[]> {
  return db.all(sql`select nid, event_id from event where room_nid = ${roomNid} limit ${limit}`);
}

export async function deleteEvents(tx: Tx, nids: readonly number[]): Promise<number> {
  return tx.run(sql`delete from event where nid ${sql.in(nids)}`);
}
