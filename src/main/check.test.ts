import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { emptyPostgres, skipWithoutPostgres } from '../../test/support/databases.ts';
import { systemRandom } from '../base/random.ts';
import type { ServerName } from '../core/ids.ts';
import { migrate } from '../db/migrate.ts';
import { sql } from '../db/sql.ts';
import { checkSettings } from './check.ts';
import { openDataFolder } from './data-folder.ts';
import { requireDatabaseOf } from './database-owner.ts';
import { openDatabase } from './open-database.ts';

/** A place for a data folder, and what `copse check` prints of it with these settings. */
function place(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'copse-check-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const data = join(folder, 'data');
  const config = join(folder, 'my.yaml');
  return {
    data,
    async check(yaml: string): Promise<string> {
      writeFileSync(config, yaml);
      const lines: string[] = [];
      assert.equal(await checkSettings({ config, data }, text => lines.push(text)), 0);
      return lines.join('\n');
    },
  };
}

test('before the first start it makes nothing, and reads the files that the start will read', async t => {
  const { data, check } = place(t);
  assert.match(await check('server_name: example.org\n'), /which the first start will make\ndatabase {5}SQLite, which/);
  assert.equal(existsSync(data), false);
  await assert.rejects(check('server_name: Example.org\n'), /has capital letters/);
  const missing = '/nowhere/ca.pem';
  const listener = `{ enabled: true, certificate: ${missing}, key: ${missing} }`;
  await assert.rejects(check(`tls: { extra_ca: [${missing}] }\n`), /ca\.pem \(tls\.extra_ca\) cannot be read/);
  await assert.rejects(
    check(`listen: { federation: ${listener} }\n`),
    /\(listen\.federation\.certificate\) cannot be read/,
  );
  await assert.rejects(check('appservices: [/nowhere/irc.yaml]\n'), /irc\.yaml: The registration file cannot be read/);
  const bus = `{ bus: "tls://127.0.0.1:4222", bus_certificate: ${missing}, bus_key: ${missing} }`;
  const cluster = `database: { url: "postgres://127.0.0.1:1/none" }\ncluster: ${bus}\n`;
  await assert.rejects(check(cluster), /\(cluster\.bus_certificate\) cannot be read/);
  await assert.rejects(check('database: { url: "postgres://127.0.0.1:1/none" }\n'), /ECONNREFUSED/);
});

test('a lost database is not made, and one of a newer version is not called good', async t => {
  const { data, check } = place(t);
  openDataFolder(data, 'example.org', systemRandom);
  assert.match(
    await check(''),
    /of example\.org, key ed25519:.*\ndatabase {5}SQLite, which the first start will make\nserver {7}not running/,
  );
  assert.equal(readdirSync(data).includes('copse.db'), false);
  writeFileSync(join(data, 'old-signing-keys'), 'no key\n');
  await assert.rejects(check(''), /old-signing-keys, line 1, must read/);
  rmSync(join(data, 'old-signing-keys'));
  const settings = { data_dir: data, database: { url: 'sqlite', connections: 2 }, cluster: { roles: [] } };
  {
    await using db = await openDatabase(settings as never);
    await migrate(db);
    assert.match(await check(''), /database {5}SQLite, schema [1-9]/);
    await requireDatabaseOf('other.org' as ServerName, db);
    await assert.rejects(check(''), /belongs to the server other\.org/);
    await db.run(sql`insert into migration (number, name) values (9999, 'from-the-future')`);
  }
  await assert.rejects(check(''), { name: 'MigrationError', message: /used by a newer version/ });
});

test('an empty PostgreSQL database stays empty', { skip: skipWithoutPostgres }, async t => {
  const { check } = place(t);
  const database = `database: { url: "${await emptyPostgres(t)}" }\n`;
  for (let at = 0; at < 2; at++) assert.match(await check(database), /PostgreSQL, which the first start will fill$/);
});
