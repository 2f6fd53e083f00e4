import assert from 'node:assert/strict';
import { constants, DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { render, sql } from './sql.ts';

test('SQLite plans a query with a limit once', () => {
  using db = new DatabaseSync(':memory:');
  db.exec('create table thing (id integer); insert into thing values (1), (2), (3)');
  let planned = 0;
  db.setAuthorizer(() => {
    planned++;
    return constants.SQLITE_OK;
  });
  const limited = (limit: number) => render(sql`select id from thing where id > ${0} limit ${limit}`, 'sqlite');
  const statement = db.prepare(limited(1).text);
  // It asks about every column while it plans.
  assert.ok(planned > 0);
  planned = 0;
  for (const limit of [2, 1, 3, -1]) {
    const rows = statement.all(...limited(limit).values);
    assert.equal(rows.length, limit < 0 ? 3 : limit);
  }
  assert.equal(planned, 0);
});
