import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { sql } from './sql.ts';

const create = 'create table thing (id bigint primary key, name text, data bytea)';

onEachDatabase('values come back as they went in, NUL and noncharacters too', async db => {
  await db.script(create);
  const name = 'a\0b\u{10ffff}c\u{1f333}';
  await db.run(sql`insert into thing (id, name, data) values (${2 ** 53 - 1}, ${name}, ${new Uint8Array([0, 255])})`);
  const row = await db.get<{ id: number; name: string; data: Uint8Array }>(sql`select * from thing`);
  assert.equal(row?.id, 2 ** 53 - 1);
  assert.equal(row?.name, name);
  assert.deepEqual([...(row?.data ?? [])], [0, 255]);
});

onEachDatabase('a list finds what was put in, NUL, noncharacters and what looks like an escape too', async db => {
  await db.script(create);
  const names = ['\0', 'a\0b', '\u{10ffff}', '\u{10ffff}0', '\0\u{10ffff}', '\\u0000', '\\\0', '"', '\u{1f333}', ''];
  for (const [id, name] of names.entries()) await db.run(sql`insert into thing (id, name) values (${id}, ${name})`);
  const find = async (wanted: readonly string[]) => {
    const rows = await db.all<{ name: string }>(sql`select name from thing where name ${sql.in(wanted)} order by id`);
    return rows.map(row => row.name);
  };
  assert.deepEqual(await find(names), names);
  for (const name of names) assert.deepEqual(await find([name, 'none']), [name]);
});

onEachDatabase('a transaction that fails leaves nothing and takes no other with it', async db => {
  await db.script(create);
  const undone: string[] = [];
  const results = await Promise.allSettled([
    db.tx(tx => tx.run(sql`insert into thing (id) values (1)`)),
    db.tx(async tx => {
      tx.afterRollback(() => undone.push('rolled back'));
      await tx.run(sql`insert into thing (id) values (2)`);
      throw new RangeError('no');
    }),
    db.tx(tx => tx.run(sql`insert into thing (id) values (3)`)),
  ]);
  assert.deepEqual(
    results.map(result => result.status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  assert.deepEqual(undone, ['rolled back']);
  assert.deepEqual(
    (await db.all<{ id: number }>(sql`select id from thing order by id`)).map(row => row.id),
    [1, 3],
  );
});

onEachDatabase('what is not committed is seen inside the transaction only', async db => {
  await db.script(create);
  let told = false;
  await db.tx(async tx => {
    await tx.run(sql`insert into thing (id) values (1)`);
    assert.equal((await tx.all(sql`select id from thing`)).length, 1);
    assert.equal((await db.all(sql`select id from thing`)).length, 0);
    tx.afterCommit(() => {
      told = true;
    });
  });
  assert.equal(told, true);
  assert.equal((await db.all(sql`select id from thing`)).length, 1);
});

onEachDatabase('lists and rows of values', async db => {
  await db.script(create);
  const rows = Array.from({ length: 300 }, (_, at) => [at, `n"${at}\\`] as const);
  await db.run(sql`insert into thing (id, name) values ${sql.rows(rows)}`);
  const names = ['n"3\\', 'n"299\\', 'absent'];
  const found = await db.all<{ id: number }>(sql`select id from thing where name ${sql.in(names)} order by id`);
  assert.deepEqual(
    found.map(row => row.id),
    [3, 299],
  );
  assert.equal((await db.all(sql`select id from thing where id ${sql.in([])}`)).length, 0);
});

onEachDatabase('a stream is one snapshot while others write', async db => {
  await db.script(create);
  await db.run(sql`insert into thing (id) values ${sql.rows(Array.from({ length: 500 }, (_, at) => [at]))}`);
  let seen = 0;
  for await (const _ of db.stream(sql`select id from thing order by id`)) {
    if (seen++ === 0) await db.run(sql`delete from thing`);
  }
  assert.equal(seen, 500);
  assert.equal((await db.all(sql`select id from thing`)).length, 0);
});
