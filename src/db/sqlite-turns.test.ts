import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSqlite } from '../../test/support/databases.ts';
import { sql } from './sql.ts';

test('timers and sockets have their turn while many read', async () => {
  await using opened = await openSqlite();
  const { db } = opened;
  let isDone = false;
  let turns = 0;
  setImmediate(function look() {
    turns++;
    if (!isDone) setImmediate(look);
  });
  const reader = async () => {
    for (let read = 0; read < 100; read++) await db.get(sql`select 1 as one`);
  };
  await Promise.all(Array.from({ length: 50 }, reader));
  isDone = true;
  // 5,000 reads, at most 200 of them in one turn.
  assert.ok(turns >= 20, `${turns} turns`);
});
