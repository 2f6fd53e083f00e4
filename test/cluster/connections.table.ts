import type { Database } from '../../src/db/database.ts';
import { sql } from '../../src/db/sql.ts';

/** Connections of the processes to the database, without that of the test that asks. */
export async function connectionsOf(db: Database): Promise<number> {
  const row = await db.get<{ n: number }>(sql`select count(*) as n from pg_stat_activity
    where datname = current_database() and application_name = 'copse' and pid <> pg_backend_pid()`);
  return row?.n ?? 0;
}
