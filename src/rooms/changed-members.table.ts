import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

export interface ChangedMember {
  readonly nid: number;
  readonly user_nid: number;
}

/** Notes users whose membership or name in a room changed; at least one. */
export async function noteChangedMembers(tx: Tx, userNids: readonly number[]): Promise<void> {
  await tx.run(sql`insert into changed_member (user_nid) values ${sql.rows(userNids.map(nid => [nid]))}`);
}

/** What was noted, the oldest first. */
export function changedMembers(db: Queryable, limit: number): Promise<ChangedMember[]> {
  return db.all<ChangedMember>(sql`select nid, user_nid from changed_member order by nid limit ${limit}`);
}

export async function forgetChangedMembers(tx: Tx, nids: readonly number[]): Promise<void> {
  await tx.run(sql`delete from changed_member where nid ${sql.in(nids)}`);
}
