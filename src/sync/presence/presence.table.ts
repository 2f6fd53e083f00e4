import type { Queryable, Tx } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

export interface PresenceRow {
  readonly user_nid: number;
  /** Milliseconds since the epoch; 0 for never. */
  readonly last_active: number;
  readonly status_msg: string | null;
}

export async function findPresence(db: Queryable, userNid: number): Promise<PresenceRow | undefined> {
  return db.get<PresenceRow>(sql`select user_nid, last_active, status_msg from presence where user_nid = ${userNid}`);
}

export async function savePresence(tx: Tx, rows: readonly PresenceRow[]): Promise<void> {
  if (rows.length === 0) return;
  const values = rows.map(row => [row.user_nid, row.last_active, row.status_msg]);
  await tx.run(sql`insert into presence (user_nid, last_active, status_msg) values ${sql.rows(values)}
    on conflict (user_nid) do update set last_active = excluded.last_active, status_msg = excluded.status_msg`);
}
