import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyPostgres, skipWithoutPostgres } from '../../test/support/databases.ts';
import { migrate } from '../db/migrate.ts';
import { PostgresDatabase } from '../db/postgres.ts';
import { explainFailure } from './explain-failure.ts';
import { openDatabase } from './open-database.ts';

const ONE_PROCESS = { cluster: { roles: [], bus: undefined, process: undefined, address: undefined } };

/** What a command says that cannot use this database. */
async function saidOf(url: string, data_dir = '/nowhere'): Promise<string> {
  try {
    await using db = await openDatabase({ ...ONE_PROCESS, data_dir, database: { url, connections: 2 } } as never);
    await migrate(db);
  } catch (error) {
    return explainFailure(error);
  }
  return assert.fail('the database was opened');
}

test('a file that is no database is told from a fault of ours', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'copse-damaged-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'copse.db'), 'nothing of the kind'.repeat(1000));
  const said = await saidOf('sqlite', folder);
  assert.match(said, /^The database in the data folder is damaged: .*\n +Keep it as it is, .*docs\/backups\.md\.$/);
});

test('a full disk is told with what to do', { skip: !existsSync('/dev/full') && 'no /dev/full' }, () => {
  let said = '';
  try {
    writeFileSync('/dev/full', 'more');
  } catch (error) {
    said = explainFailure(error);
  }
  assert.match(said, /^ENOSPC: no space left on device, write\.\n +Make room on the disk: docs\/runbooks/);
});

test('a PostgreSQL that is not there, and one that refuses, come with what to do', {
  skip: skipWithoutPostgres,
}, async t => {
  assert.match(await saidOf('postgres://127.0.0.1:1/none'), /ECONNREFUSED.*\n +See that it runs, .*`database\.url`/);
  const url = new URL(await emptyPostgres(t));
  const missing = Object.assign(new URL(url), { pathname: '/copse_none' });
  assert.match(await saidOf(missing.href), /^PostgreSQL refuses: database "copse_none" does not exist\.\n +Make it/);
  await using db = new PostgresDatabase({ url: url.href, connections: 1 });
  await db.script('create table account (of_another_program bigint)');
  assert.match(
    await saidOf(url.href),
    /^PostgreSQL refuses: relation "account" .*\n +Give Copse a database of its own/,
  );
});
