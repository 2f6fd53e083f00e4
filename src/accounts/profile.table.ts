import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';
import { nameWords } from './search-words.ts';
import { NAME_WORDS, setUserWords } from './user-word.table.ts';

export interface ProfileRow {
  readonly field: string;
  /** JSON. */
  readonly value: string;
}

export function profileOf(db: Queryable, userNid: number): Promise<ProfileRow[]> {
  return db.all<ProfileRow>(sql`select field, value from profile_field where user_nid = ${userNid} order by field`);
}

/** One field of several profiles. */
export function profileFieldsOf(
  db: Queryable,
  userNids: readonly number[],
  fields: readonly string[],
): Promise<(ProfileRow & { readonly user_nid: number })[]> {
  return db.all(
    sql`select user_nid, field, value from profile_field where user_nid ${sql.in(userNids)} and field ${sql.in(fields)}`,
  );
}

/** The values of a field in all profiles, each once, as JSON. */
export async function allValuesOf(db: Queryable, field: string): Promise<string[]> {
  const rows = await db.all<{ value: string }>(sql`select distinct value from profile_field where field = ${field}`);
  return rows.map(row => row.value);
}

export async function setProfileField(tx: Tx, userNid: number, field: string, value: string): Promise<void> {
  await tx.run(
    sql`insert into profile_field (user_nid, field, value) values (${userNid}, ${field}, ${value})
      on conflict (user_nid, field) do update set value = excluded.value`,
  );
  if (field === NAME) await indexName(tx, userNid, JSON.parse(value));
}

export async function deleteProfileField(tx: Tx, userNid: number, field: string): Promise<boolean> {
  if (field === NAME) await indexName(tx, userNid, undefined);
  return (await tx.run(sql`delete from profile_field where user_nid = ${userNid} and field = ${field}`)) === 1;
}

export async function deleteProfile(tx: Tx, userNid: number): Promise<void> {
  await indexName(tx, userNid, undefined);
  await tx.run(sql`delete from profile_field where user_nid = ${userNid}`);
}

const NAME = 'displayname';

/** The user directory finds users by what their profile says, so the two change together. */
function indexName(tx: Tx, userNid: number, name: unknown): Promise<void> {
  return setUserWords(tx, userNid, NAME_WORDS, typeof name === 'string' ? nameWords(name) : []);
}
