import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onEachDatabase, skipWithoutPostgres, testServer } from '../../test/support/databases.ts';
import { onServer, withAdmin } from '../../test/support/lent-databases.ts';
import { randomLetters, systemRandom } from '../base/random.ts';
import { migrate } from './migrate.ts';
import { PostgresDatabase } from './postgres.ts';
import { sql } from './sql.ts';

onEachDatabase('a database of a newer version is left alone', async db => {
  await db.run(sql`insert into migration (number, name) values (9999, 'from-the-future')`);
  await assert.rejects(migrate(db), { name: 'MigrationError', message: /used by a newer version/ });
  await db.run(sql`delete from migration where number = 9999`);
});

test('a PostgreSQL database that cannot hold every text is refused before anything is in it', {
  skip: skipWithoutPostgres,
}, async t => {
  const name = `copse_${randomLetters(systemRandom, 16).toLowerCase()}`;
  await withAdmin(testServer, client =>
    client.query(`create database ${name} template template0 encoding 'LATIN1' locale 'C'`),
  );
  t.after(() => withAdmin(testServer, client => client.query(`drop database ${name} with (force)`)));
  await using db = new PostgresDatabase({ url: onServer(testServer, name), connections: 1 });
  await assert.rejects(migrate(db), {
    name: 'MigrationError',
    message: /encoding of this database is LATIN1\. Make one/,
  });
  const tables = await db.all(sql`select 1 from information_schema.tables where table_schema = 'public'`);
  assert.equal(tables.length, 0);
});
