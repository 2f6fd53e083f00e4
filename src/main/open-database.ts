import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import type { Database } from '../db/database.ts';

export const SQLITE_FILE = 'copse.db';

/** Page cache of the writer and of the reader. */
const CACHE_KIB = 4096;
/** What SQLite may hold: these two, and smaller ones of streams. */
export const SQLITE_BYTES = (2 * CACHE_KIB + 1024) * 1024;

/** Others wait for a process that sleeps in a transaction: see cluster/member.ts. */
const IDLE_IN_TRANSACTION_MS = 5000;

/** Whether there is one to open; PostgreSQL says itself what it has. */
export function isMade(config: Pick<Config, 'database' | 'data_dir'>): boolean {
  return config.database.url !== 'sqlite' || existsSync(join(config.data_dir, SQLITE_FILE));
}

/** Opens the database of the settings. Each driver is loaded only when it is the one: the other costs 2 MB for nothing. */
export async function openDatabase(config: Pick<Config, 'database' | 'data_dir' | 'cluster'>): Promise<Database> {
  if (config.database.url === 'sqlite') {
    const { SqliteDatabase } = await import('../db/sqlite.ts');
    return new SqliteDatabase({ file: join(config.data_dir, SQLITE_FILE), cacheKib: CACHE_KIB });
  }
  const { PostgresDatabase } = await import('../db/postgres.ts');
  const { url, connections } = config.database;
  const isShared = config.cluster.bus !== undefined;
  return new PostgresDatabase({ url, connections, ...(isShared && { idleInTransactionMs: IDLE_IN_TRANSACTION_MS }) });
}
