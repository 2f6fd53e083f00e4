import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { sql } from '../../db/sql.ts';
import { FIRST_MEMBER_KEY, KEY_END, MEMBER_TYPE_NID, stateKeyOf, treeKey, typeOf } from './tree-key.ts';

test('a key gives back its type and its state key', () => {
  for (const type of [1, 2, 3, 70_000, 2 ** 20 - 2]) {
    for (const stateKey of [0, 1, 2 ** 31, 2 ** 32 - 1]) {
      const key = treeKey(type, stateKey);
      assert.deepEqual([typeOf(key), stateKeyOf(key)], [type, stateKey]);
      assert.ok(Number.isSafeInteger(key) && key < KEY_END);
    }
  }
});

test('members sort behind all other state', () => {
  assert.equal(treeKey(MEMBER_TYPE_NID, 0), FIRST_MEMBER_KEY);
  assert.ok(treeKey(2 ** 20 - 2, 2 ** 32 - 1) < FIRST_MEMBER_KEY);
});

test('numbers that would run into another key are refused', () => {
  for (const [type, stateKey] of [
    [0, 1],
    [2 ** 20 - 1, 1],
    [2, -1],
    [2, 2 ** 32],
    [Number.NaN, 1],
  ] as const) {
    assert.throws(() => treeKey(type, stateKey), RangeError);
  }
});

onEachDatabase('the first migration gives membership its number', async db => {
  const row = await db.get<{ type: string }>(sql`select type from state_type where nid = ${MEMBER_TYPE_NID}`);
  assert.equal(row?.type, 'm.room.member');
});
