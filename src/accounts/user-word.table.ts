import type { UserId } from '../core/ids.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { type Sql, sql } from '../db/sql.ts';
import { MEMBERSHIPS } from '../rooms/room.ts';

export const ID_WORDS = 0;
export const NAME_WORDS = 1;
type WordSource = typeof ID_WORDS | typeof NAME_WORDS;

/** Replaces the words of one source by which a user is found. */
export async function setUserWords(
  tx: Tx,
  userNid: number,
  source: WordSource,
  words: readonly string[],
): Promise<void> {
  await tx.run(sql`delete from user_word where user_nid = ${userNid} and source = ${source}`);
  if (words.length === 0) return;
  const rows = words.map(word => [word, userNid, source] as const);
  await tx.run(sql`insert into user_word (word, user_nid, source) values ${sql.rows(rows)}`);
}

/** Replaces all words by which some users are found; a user without any is found no more. */
export async function replaceUserWords(
  tx: Tx,
  userNids: readonly number[],
  words: readonly { readonly userNid: number; readonly source: WordSource; readonly word: string }[],
): Promise<void> {
  await tx.run(sql`delete from user_word where user_nid ${sql.in(userNids)}`);
  if (words.length === 0) return;
  const rows = words.map(({ word, userNid, source }) => [word, userNid, source] as const);
  await tx.run(sql`insert into user_word (word, user_nid, source) values ${sql.rows(rows)} on conflict do nothing`);
}

export async function deleteUserWords(tx: Tx, userNid: number): Promise<void> {
  await tx.run(sql`delete from user_word where user_nid = ${userNid}`);
}

/** Accounts that no word leads to, of which every account should have one. */
export function usersWithoutWords(db: Queryable, limit: number): Promise<{ user_nid: number; user_id: UserId }[]> {
  return db.all(sql`select a.user_nid, u.user_id from account a join user_name u on u.nid = a.user_nid
    where a.is_deactivated = 0 and not exists (select 1 from user_word w where w.user_nid = a.user_nid) limit ${limit}`);
}

/**
 * Users for each of whose words something begins with it, those first for whom the first word is exact, then those with
 * a fuller profile. Only users whom the searcher may know of: in a room with them, or in one that is open to all.
 */
export async function findUsers(
  db: Queryable,
  searcherNid: number,
  [first = '', ...others]: readonly string[],
  limit: number,
): Promise<number[]> {
  const rows = await db.all<{ user_nid: number }>(sql`select w.user_nid,
      max(case when w.word = ${first} then 1 else 0 end) as exact,
      (select count(*) from profile_field p
        where p.user_nid = w.user_nid and p.field in ('displayname', 'avatar_url')) as profile
    from user_word w
    where ${beginsWith(sql`w.word`, first)} and w.user_nid <> ${searcherNid}
      and ${sql.all(
        others.map(
          word => sql`exists (select 1 from user_word o where o.user_nid = w.user_nid
        and ${beginsWith(sql`o.word`, word)})`,
        ),
      )}
      and (${isInOpenRoom} or ${sharesRoom(searcherNid)})
    group by w.user_nid order by exact desc, profile desc, w.user_nid limit ${limit}`);
  return rows.map(row => row.user_nid);
}

/** A range that an index over bytes answers: no text has a character above this one. */
function beginsWith(column: Sql, prefix: string): Sql {
  return sql`${column} >= ${prefix} and ${column} < ${`${prefix}\u{10ffff}`}`;
}

export interface MemberName {
  readonly user_nid: number;
  readonly display_name: string | null;
  readonly avatar_url: string | null;
}

/** What joined users are called in their rooms: a row for each room. */
export function namesOfMembers(db: Queryable, userNids: readonly number[]): Promise<MemberName[]> {
  return db.all(sql`select user_nid, display_name, avatar_url from room_member
    where user_nid ${sql.in(userNids)} and membership = ${MEMBERSHIPS.join}`);
}

/** The same for rooms that a searcher shares with them or that are open to all, the latest first. */
export function namesSeenBy(db: Queryable, searcherNid: number, userNids: readonly number[]): Promise<MemberName[]> {
  return db.all(sql`select w.user_nid, w.display_name, w.avatar_url from room_member w
    where w.user_nid ${sql.in(userNids)} and w.membership = ${MEMBERSHIPS.join}
      and (exists (select 1 from open_room r where r.room_nid = w.room_nid)
        or exists (select 1 from room_member own where own.room_nid = w.room_nid and own.user_nid = ${searcherNid}
          and own.membership = ${MEMBERSHIPS.join}))
    order by w.pos desc`);
}

const isInOpenRoom = sql`exists (select 1 from room_member m join open_room r on r.room_nid = m.room_nid
  where m.user_nid = w.user_nid and m.membership = ${MEMBERSHIPS.join})`;

function sharesRoom(searcherNid: number): Sql {
  return sql`exists (select 1 from room_member own
    join room_member m on m.room_nid = own.room_nid and m.user_nid = w.user_nid and m.membership = ${MEMBERSHIPS.join}
    where own.user_nid = ${searcherNid} and own.membership = ${MEMBERSHIPS.join})`;
}
