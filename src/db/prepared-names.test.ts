import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyPostgres, skipWithoutPostgres } from '../../test/support/databases.ts';
import { PostgresDatabase } from './postgres.ts';
import { PreparedNames } from './prepared-names.ts';
import { sql } from './sql.ts';

test('what comes again and again gets a name of its own, and there are never too many', () => {
  const names = new PreparedNames();
  const ask = (text: string, times: number) => Array.from({ length: times }, () => names.nameOf(text)).at(-1);
  assert.equal(ask('select 1', 2), undefined);
  const first = ask('select 1', 10);
  assert.ok(first);
  const others = Array.from({ length: 1000 }, (_, at) => ask(`select ${at + 2}`, 10));
  assert.equal(ask('select 1', 1), first);
  const given = others.filter(name => name !== undefined);
  assert.equal(new Set([first, ...given]).size, given.length + 1);
  assert.equal(given.length, 299);
});

test('a prepared statement survives that its table changes, inside and outside of transactions', {
  skip: skipWithoutPostgres,
}, async t => {
  await using db = new PostgresDatabase({ url: await emptyPostgres(t), connections: 2 });
  await db.script('create table thing (id bigint primary key); insert into thing values (1)');
  const read = () => db.all(sql`select * from thing`);
  const readInTx = () => db.tx(tx => tx.all(sql`select * from thing where id > ${0}`));
  for (let at = 0; at < 20; at++) {
    await Promise.all([read(), read()]);
    await Promise.all([readInTx(), readInTx()]);
  }
  const plans = await db.all(sql`select name from pg_prepared_statements where statement like 'select * from thing%'`);
  assert.ok(plans.length > 0, 'nothing was prepared');
  await db.script('alter table thing add column name text');
  for (let at = 0; at < 4; at++) {
    assert.deepEqual(await readInTx(), [{ id: 1, name: null }]);
    assert.deepEqual(await read(), [{ id: 1, name: null }]);
  }
});
