import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSqlite } from '../../test/support/databases.ts';
import { type Database, DatabaseUnavailableError } from './database.ts';
import { sql } from './sql.ts';

async function openThings() {
  const opened = await openSqlite();
  await opened.db.script(`create table thing (id bigint primary key, data bytea);
    create table parent (id bigint primary key);
    create table child (parent bigint references parent (id) deferrable initially deferred)`);
  return opened;
}

const insert = (db: Database, id: number) => db.tx(tx => tx.run(sql`insert into thing (id) values (${id})`));

async function ids(db: Database): Promise<number[]> {
  return (await db.all<{ id: number }>(sql`select id from thing order by id`)).map(row => row.id);
}

/** Nothing is wrong with the transaction itself, only with the commit of the group that it is part of. */
const failsAtCommit = (db: Database) => db.tx(tx => tx.run(sql`insert into child (parent) values (7)`));

test('a commit that fails rejects every transaction of its group, and the next group works', async () => {
  await using opened = await openThings();
  const { db } = opened;
  const told: string[] = [];
  const watched = db.tx(async tx => {
    tx.afterCommit(() => told.push('committed'));
    tx.afterRollback(() => told.push('rolled back'));
    await tx.run(sql`insert into thing (id) values (1)`);
  });
  const results = await Promise.allSettled([watched, insert(db, 2), failsAtCommit(db), insert(db, 3)]);
  assert.deepEqual(
    results.map(result => result.status),
    ['rejected', 'rejected', 'rejected', 'rejected'],
  );
  assert.deepEqual(told, ['rolled back']);
  assert.deepEqual(await ids(db), []);
  await insert(db, 4);
  assert.deepEqual(await ids(db), [4]);
});

test('on a full database what was acknowledged is there, the rest is refused in words, and writing goes on when there is room', async () => {
  await using opened = await openThings();
  const { db } = opened;
  const pages = await db.get<{ page_count: number }>(sql`select page_count from pragma_page_count`);
  await db.script(`pragma max_page_count = ${pages!.page_count + 60}`);
  const data = new Uint8Array(10_000);
  const writes = Array.from({ length: 60 }, (_, id) =>
    db.tx(tx => tx.run(sql`insert into thing (id, data) values (${id}, ${data})`)).then(() => id),
  );
  const results = await Promise.allSettled(writes);
  const acknowledged = results.flatMap(result => (result.status === 'fulfilled' ? result.value : []));
  const refused = results.flatMap(result => (result.status === 'rejected' ? [result.reason as unknown] : []));
  assert.ok(refused.length > 0);
  for (const error of refused) assert.ok(error instanceof DatabaseUnavailableError, String(error));
  assert.deepEqual(await ids(db), acknowledged);
  await db.script('pragma max_page_count = 1000000');
  await insert(db, 1000);
  assert.deepEqual(await ids(db), [...acknowledged, 1000]);
});

test('a transaction that goes on after SQLite has rolled it back writes nothing behind its back', async () => {
  await using opened = await openThings();
  const { db } = opened;
  const results = await Promise.allSettled([
    insert(db, 1),
    db.tx(async tx => {
      // What SQLite does by itself when the disk fills up in the middle of a statement.
      await tx.run(sql`rollback`);
      await tx.run(sql`insert into thing (id) values (2)`).catch(() => 0);
    }),
    insert(db, 3),
  ]);
  for (const result of results) {
    assert.ok(result.status === 'rejected' && result.reason instanceof DatabaseUnavailableError);
  }
  assert.deepEqual(await ids(db), []);
  await insert(db, 4);
  assert.deepEqual(await ids(db), [4]);
});

test('a statement that comes after the end of its transaction does not land in that of another', async () => {
  await using opened = await openThings();
  const { db } = opened;
  let late: Promise<unknown> = Promise.resolve();
  const results = await Promise.allSettled([
    db.tx(async tx => {
      late = new Promise<void>(resolve => setImmediate(resolve)).then(() =>
        tx.run(sql`insert into thing (id) values (1)`),
      );
      late.catch(() => undefined);
      throw new RangeError('it fails before its last statement is made');
    }),
    db.tx(async tx => {
      await tx.run(sql`insert into thing (id) values (2)`);
      await late.catch(() => undefined);
    }),
  ]);
  assert.deepEqual(
    results.map(result => result.status),
    ['rejected', 'fulfilled'],
  );
  await assert.rejects(late, /has ended/);
  assert.deepEqual(await ids(db), [2]);
});
