import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type pg from 'pg';
import { randomLetters, systemRandom } from '../../src/base/random.ts';
import type { Database } from '../../src/db/database.ts';
import { migrate, ownMigrations } from '../../src/db/migrate.ts';
import { PostgresDatabase } from '../../src/db/postgres.ts';
import { SqliteDatabase } from '../../src/db/sqlite.ts';
import { LentDatabases, onServer, withAdmin } from './lent-databases.ts';

export interface TestDatabase extends AsyncDisposable {
  readonly db: Database;
}

/** A fresh, migrated SQLite database in a folder of its own. */
export async function openSqlite(): Promise<TestDatabase> {
  migrated ??= migratedFile();
  const folder = mkdtempSync(join(tmpdir(), 'copse-test-'));
  const file = join(folder, 'copse.db');
  copyFileSync(await migrated, file);
  const db = new SqliteDatabase({ file, synchronous: 'off' });
  return {
    db,
    async [Symbol.asyncDispose]() {
      await db[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
}

/** What the databases of this process are copied from: a copy costs a tenth of migrating. */
let migrated: Promise<string> | undefined;

async function migratedFile(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'copse-test-'));
  process.once('exit', () => rmSync(folder, { recursive: true }));
  const file = join(folder, 'copse.db');
  await using db = new SqliteDatabase({ file, synchronous: 'off' });
  await migrate(db);
  return file;
}

/** `./copse test` starts a PostgreSQL on loopback and says here where it is. */
const postgresUrl = process.env.COPSE_TEST_POSTGRES;

/** That server by a database for administration, for tests that skip themselves without it. */
export const testServer = postgresUrl ?? '';

/** A fresh, migrated database on the tests' PostgreSQL server. */
export async function openPostgres(url: string): Promise<TestDatabase & { readonly url: string }> {
  const name = `copse_${randomLetters(systemRandom, 16).toLowerCase()}`;
  const template = await migratedTemplate(url);
  await withAdmin(url, client => client.query(`create database ${name} template ${template}`));
  const own = onServer(url, name);
  const db = new PostgresDatabase({ url: own, connections: 4 });
  return {
    db,
    url: own,
    async [Symbol.asyncDispose]() {
      await db[Symbol.asyncDispose]();
      await withAdmin(url, client => client.query(`drop database ${name} with (force)`));
    },
  };
}

/** A database with nothing in it on this PostgreSQL server. */
export async function newDatabase(url: string): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const name = `copse_${randomLetters(systemRandom, 16).toLowerCase()}`;
  await withAdmin(url, client => client.query(`create database ${name} template template0 encoding 'UTF8'`));
  return {
    url: onServer(url, name),
    drop: () => withAdmin(url, client => client.query(`drop database ${name} with (force)`)),
  };
}

/** The URL of one on the tests' server; it is gone after the test. */
export async function emptyPostgres(t: Pick<TestContext, 'after'>): Promise<string> {
  const { url, drop } = await newDatabase(testServer);
  t.after(drop);
  return url;
}

/** Why a test that needs both databases is skipped; false where it is not. */
export const skipWithoutPostgres = postgresUrl === undefined && 'COPSE_TEST_POSTGRES is not set; ./copse test sets it';

/**
 * A database with today's schema that others are copied from: a copy costs a tenth of migrating. It is made once on a
 * server, by whichever test file comes first.
 */
async function migratedTemplate(url: string): Promise<string> {
  const texts = ownMigrations().map(migration => migration.text);
  const name = `copse_template_${createHash('sha256').update(texts.join()).digest('hex').slice(0, 16)}`;
  await withAdmin(url, async client => {
    await client.query('select pg_advisory_lock(7230102)');
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (rowCount === 0) await makeTemplate(url, client, name);
  });
  return name;
}

async function makeTemplate(url: string, client: pg.Client, name: string): Promise<void> {
  await client.query(`drop database if exists ${name}_new with (force)`);
  await client.query(`create database ${name}_new template template0 encoding 'UTF8'`);
  const db = new PostgresDatabase({ url: onServer(url, `${name}_new`), connections: 1 });
  try {
    await migrate(db);
  } finally {
    await db[Symbol.asyncDispose]();
  }
  await client.query(`alter database ${name}_new rename to ${name}`);
}

/** Those of this process: as a fresh one, each test has one that others had before it. */
let lent: Promise<LentDatabases> | undefined;

/** A migrated database on the tests' PostgreSQL server, which is empty. */
async function borrowPostgres(url: string): Promise<TestDatabase & { readonly url: string }> {
  lent ??= migratedTemplate(url).then(template => new LentDatabases({ url, template }));
  const held = await (await lent).lend();
  const db = new PostgresDatabase({ url: held.url, connections: 4 });
  return {
    db,
    url: held.url,
    async [Symbol.asyncDispose]() {
      await db[Symbol.asyncDispose]();
      await held[Symbol.asyncDispose]();
    },
  };
}

/** Registers `title` once for each database; every table test runs on both. */
export function onEachDatabase(title: string, run: (db: Database, t: TestContext) => Promise<void>): void {
  test(`${title} (SQLite)`, async t => {
    await using opened = await openSqlite();
    await run(opened.db, t);
  });
  test(`${title} (PostgreSQL)`, { skip: skipWithoutPostgres }, async t => {
    await using opened = await borrowPostgres(postgresUrl ?? '');
    await run(opened.db, t);
  });
}

/** Registers a test of what only PostgreSQL has: several processes. `url`: for connecting to the same database again. */
export function onPostgres(title: string, run: (db: Database, url: string, t: TestContext) => Promise<void>): void {
  const skip = postgresUrl === undefined && 'COPSE_TEST_POSTGRES is not set; ./copse test sets it';
  test(title, { skip }, async t => {
    await using opened = await borrowPostgres(postgresUrl ?? '');
    await run(opened.db, opened.url, t);
  });
}

/** The test closes its database itself. */
export function borrowed(db: Database): Database {
  return {
    dialect: db.dialect,
    all: query => db.all(query),
    get: query => db.get(query),
    run: query => db.run(query),
    tx: work => db.tx(work),
    stream: query => db.stream(query),
    script: text => db.script(text),
    fence: text => db.fence(text),
    [Symbol.asyncDispose]: async () => undefined,
  };
}
