import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import { randomLetters, systemRandom } from '../../src/base/random.ts';
import type { Database } from '../../src/db/database.ts';
import { migrate } from '../../src/db/migrate.ts';
import { PostgresDatabase } from '../../src/db/postgres.ts';
import { SqliteDatabase } from '../../src/db/sqlite.ts';

export interface TestDatabase extends AsyncDisposable {
  readonly db: Database;
}

/** A fresh, migrated SQLite database in a folder of its own. */
export async function openSqlite(): Promise<TestDatabase> {
  const folder = mkdtempSync(join(tmpdir(), 'copse-test-'));
  const db = new SqliteDatabase({ file: join(folder, 'copse.db'), synchronous: 'off' });
  await migrate(db);
  return {
    db,
    async [Symbol.asyncDispose]() {
      await db[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
}

/** `./copse test` starts a PostgreSQL on loopback and says here where it is. */
const postgresUrl = process.env.COPSE_TEST_POSTGRES;

/** A fresh, migrated database on the tests' PostgreSQL server. */
export async function openPostgres(url: string): Promise<TestDatabase> {
  const name = `copse_${randomLetters(systemRandom, 16).toLowerCase()}`;
  await withAdmin(url, `create database ${name} template template0 encoding 'UTF8'`);
  const own = new URL(url);
  own.pathname = `/${name}`;
  const db = new PostgresDatabase({ url: own.href, connections: 4 });
  await migrate(db);
  return {
    db,
    async [Symbol.asyncDispose]() {
      await db[Symbol.asyncDispose]();
      await withAdmin(url, `drop database ${name} with (force)`);
    },
  };
}

async function withAdmin(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** Registers `title` once for each database; every table test runs on both. */
export function onEachDatabase(title: string, run: (db: Database, t: TestContext) => Promise<void>): void {
  test(`${title} (SQLite)`, async t => {
    await using opened = await openSqlite();
    await run(opened.db, t);
  });
  const skip = postgresUrl === undefined && 'COPSE_TEST_POSTGRES is not set; ./copse test sets it';
  test(`${title} (PostgreSQL)`, { skip }, async t => {
    await using opened = await openPostgres(postgresUrl ?? '');
    await run(opened.db, t);
  });
}
