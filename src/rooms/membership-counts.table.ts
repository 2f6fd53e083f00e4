import type { Queryable } from '../db/database.ts';
import { sql } from '../db/sql.ts';

/*
 * The events are canonical JSON, so that a membership reads the same in each of them: quotes inside of texts are
 * escaped. Both are answered from the index on the membership events of a sender, which names the type as 1.
 */

export async function countInvitesBy(db: Queryable, userNid: number, ts: number): Promise<number> {
  const row = await db.get<{ n: number }>(sql`select count(*) as n from event
    where sender_nid = ${userNid} and type_nid = 1 and ts >= ${ts} and pos is not null
      and json like ${'%"membership":"invite"%'}`);
  return row?.n ?? 0;
}

export async function countJoinedBy(db: Queryable, userNid: number, ts: number): Promise<number> {
  const row = await db.get<{ n: number }>(sql`select count(distinct room_nid) as n from event
    where sender_nid = ${userNid} and type_nid = 1 and ts >= ${ts} and pos is not null
      and json like ${'%"membership":"join"%'}`);
  return row?.n ?? 0;
}
