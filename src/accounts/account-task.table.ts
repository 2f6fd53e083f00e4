import type { Queryable, Tx } from '../db/database.ts';
import { sql } from '../db/sql.ts';

export type AccountTaskKind = 'leave' | 'profile';

export interface AccountTaskRow {
  readonly user_nid: number;
  readonly kind: AccountTaskKind;
  /** Rises each time the task is asked for again. */
  readonly version: number;
}

export async function insertAccountTask(tx: Tx, userNid: number, kind: AccountTaskKind): Promise<void> {
  await tx.run(
    sql`insert into account_task (user_nid, kind, version) values (${userNid}, ${kind}, 1)
      on conflict (user_nid, kind) do update set version = account_task.version + 1`,
  );
}

export function accountTasks(db: Queryable): Promise<AccountTaskRow[]> {
  return db.all<AccountTaskRow>(sql`select user_nid, kind, version from account_task order by user_nid, kind`);
}

export function accountTask(
  db: Queryable,
  userNid: number,
  kind: AccountTaskKind,
): Promise<AccountTaskRow | undefined> {
  return db.get<AccountTaskRow>(
    sql`select user_nid, kind, version from account_task where user_nid = ${userNid} and kind = ${kind}`,
  );
}

/** False when the task was asked for again meanwhile. */
export async function deleteAccountTask(tx: Tx, row: AccountTaskRow): Promise<boolean> {
  const deleted = await tx.run(
    sql`delete from account_task where user_nid = ${row.user_nid} and kind = ${row.kind} and version = ${row.version}`,
  );
  return deleted === 1;
}
