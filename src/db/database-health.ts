import { DatabaseSync } from 'node:sqlite';
import type { Database } from './database.ts';
import { sql } from './sql.ts';

/** How a database does just now. */
export interface DatabaseHealth {
  /** How long a small write took, in milliseconds; null where it failed. */
  readonly writeMs: number | null;
  readonly error: string | null;
  /** Of PostgreSQL: connections of everybody, and how many it allows. */
  readonly connections: { readonly taken: number; readonly most: number } | null;
  /** Of PostgreSQL: its time, in milliseconds since 1970. */
  readonly now: number | null;
}

/** Writes a row as it is already. Never rejects. */
export async function databaseHealth(db: Database, monotonic: () => number): Promise<DatabaseHealth> {
  const began = monotonic();
  try {
    await db.tx(tx => tx.run(sql`update shard set epoch = epoch where shard = 0`));
    const writeMs = monotonic() - began;
    const server = db.dialect === 'postgres' ? await postgresHealth(db) : { connections: null, now: null };
    return { writeMs, error: null, ...server };
  } catch (error) {
    return {
      writeMs: null,
      error: String(error instanceof Error ? error.message : error),
      connections: null,
      now: null,
    };
  }
}

async function postgresHealth(db: Database): Promise<Pick<DatabaseHealth, 'connections' | 'now'>> {
  const row = await db.get<{ taken: number; most: number; now: number }>(sql`select
    (select count(*) from pg_stat_activity where backend_type = 'client backend') as taken,
    current_setting('max_connections')::bigint as most,
    (extract(epoch from clock_timestamp()) * 1000)::bigint as now`);
  return row === undefined
    ? { connections: null, now: null }
    : { connections: { taken: row.taken, most: row.most }, now: row.now };
}

/** What is wrong with a SQLite file by its own account; undefined where nothing is. It reads all of it. */
export function fileProblem(file: string): string | undefined {
  try {
    const db = new DatabaseSync(file, { readOnly: true, timeout: 5000 });
    try {
      const [row] = db.prepare('pragma quick_check(1)').all() as { quick_check: string }[];
      return row?.quick_check === 'ok' ? undefined : (row?.quick_check ?? 'it answers nothing');
    } finally {
      db.close();
    }
  } catch (error) {
    return String(error instanceof Error ? error.message : error);
  }
}
