import assert from 'node:assert/strict';
import fc from 'fast-check';
import { testBudget } from '../../../test/support/budget.ts';
import { onEachDatabase } from '../../../test/support/databases.ts';
import {
  below,
  bigRoom,
  createRoom,
  mapDifference,
  mapOf,
  newTrees,
  nextRecord,
  ordered,
  recordRows,
  seeded,
  writeRecord,
} from '../../../test/support/state-tree.ts';
import type { Database } from '../../db/database.ts';
import { levelOf } from './page.ts';
import { recordOf, StateRecord, StateRecordError } from './record.ts';
import { FIRST_MEMBER_KEY, treeKey } from './tree-key.ts';
import type { Change, Entry, Root } from './tree-types.ts';

async function collected(entries: AsyncIterable<Entry>): Promise<Entry[]> {
  const all: Entry[] = [];
  for await (const entry of entries) all.push(entry);
  return all;
}

async function levelsOf(db: Database, roomNid: number, root: Root): Promise<number> {
  const row = (await recordRows(db, roomNid)).find(({ rec }) => rec === recordOf(root))!;
  return levelOf(new StateRecord(roomNid, row.rec, row.data).copy(root)) + 1;
}

const change = fc.record({
  key: fc.oneof(fc.nat(300), fc.nat(2 ** 31 - 1), fc.constant(FIRST_MEMBER_KEY)),
  value: fc.option(fc.integer({ min: 1, max: 10 ** 9 }), { nil: undefined, freq: 3 }),
});

onEachDatabase('any changes in any order and any portions give what a map gives', async db => {
  const trees = newTrees(db, testBudget(30_000));
  let room = 0;
  const property = fc.asyncProperty(
    fc.array(fc.array(change, { maxLength: 600, size: 'max' }), { minLength: 1, maxLength: 6 }),
    async portions => {
      const roomNid = await createRoom(db, `any${room++}`);
      const map = new Map<number, number>();
      const root = await db.tx(async tx => {
        let newest = 0;
        for (const portion of portions) newest = await trees.apply(tx, roomNid, newest, portion);
        return newest;
      });
      for (const { key, value } of portions.flat()) {
        if (value === undefined) map.delete(key);
        else map.set(key, value);
      }
      assert.deepEqual(ordered(await mapOf(trees, db, roomNid, root)), ordered(map));
      assert.equal(await trees.count(db, roomNid, root), map.size);
      assert.equal(root === 0, map.size === 0);
      const keys = [...new Set(portions.flat().map(({ key }) => key))];
      assert.deepEqual(ordered(await trees.get(db, roomNid, root, keys)), ordered(map));
      assert.deepEqual(await trees.fingerprint(db, roomNid, root), await trees.recomputeFingerprint(db, roomNid, root));
    },
  );
  await fc.assert(property, { numRuns: 40, seed: 20 });
});

onEachDatabase('a change that changes nothing gives the same root and writes nothing', async db => {
  const trees = newTrees(db);
  const roomNid = await createRoom(db);
  const root = await db.tx(tx => trees.build(tx, roomNid, bigRoom(2000)));
  const before = await nextRecord(db, roomNid);
  const changes = [
    { key: treeKey(1, 100), value: 31 },
    { key: treeKey(5, 9), value: undefined },
  ];
  assert.equal(await db.tx(tx => trees.apply(tx, roomNid, root, changes)), root);
  assert.equal(await db.tx(tx => trees.apply(tx, roomNid, root, [])), root);
  assert.equal(await db.tx(tx => trees.apply(tx, roomNid, 0, [{ key: 5, value: undefined }])), 0);
  assert.equal(await nextRecord(db, roomNid), before);
});

onEachDatabase('a state can be emptied and filled again; the old one stays', async db => {
  const trees = newTrees(db);
  const roomNid = await createRoom(db);
  const full = new Map([...bigRoom(1500)].map(([key, value]) => [key, value]));
  const root = await db.tx(tx => trees.build(tx, roomNid, full));
  const keys = [...full.keys()];
  const none = await db.tx(async tx => {
    let newest = root;
    for (let at = 0; at < keys.length; at += 100) {
      const removed = keys.slice(at, at + 100).map(key => ({ key, value: undefined }));
      newest = await trees.apply(tx, roomNid, newest, removed);
    }
    return newest;
  });
  assert.equal(none, 0);
  assert.deepEqual(await trees.fingerprint(db, roomNid, none), new Uint8Array(16));
  assert.deepEqual(await trees.diff(db, roomNid, root, none), mapDifference(full, new Map()));
  assert.deepEqual(await trees.diff(db, roomNid, none, root), mapDifference(new Map(), full));
  assert.deepEqual(ordered(await mapOf(trees, db, roomNid, root)), ordered(full));
});

onEachDatabase('a tree of three levels grows, changes and thins out like a map', async db => {
  const trees = newTrees(db);
  const roomNid = await createRoom(db);
  const random = seeded(6);
  const map = new Map<number, number>();
  let root = 0;
  for (let round = 0; round < 12; round++) {
    const grows = round < 8;
    const changes = Array.from({ length: 1500 }, (): Change => {
      const known = random() < (grows ? 0.1 : 1);
      return { key: below(random, 2 ** 22) * (known ? 1 : 2 ** 28 + 1), value: grows ? 2 ** 51 - round : undefined };
    });
    const start = below(random, 2 ** 50);
    const range = [...map.keys()].filter(key => !grows && key > start && key < start + 2 ** 48);
    for (const key of range) changes.push({ key, value: undefined });
    const before = root;
    root = await db.tx(tx => trees.apply(tx, roomNid, before, changes));
    const old = new Map(map);
    for (const { key, value } of changes) {
      if (value === undefined) map.delete(key);
      else map.set(key, value);
    }
    assert.deepEqual(await trees.diff(db, roomNid, before, root), mapDifference(old, map));
    assert.equal(await trees.count(db, roomNid, root), map.size);
    if (grows && round < 7) continue;
    assert.deepEqual(ordered(await mapOf(trees, db, roomNid, root)), ordered(map));
    if (round === 7) assert.equal(await levelsOf(db, roomNid, root), 3);
  }
  assert.deepEqual(await trees.fingerprint(db, roomNid, root), await trees.recomputeFingerprint(db, roomNid, root));
});

onEachDatabase('a range is streamed from its first key to before its last', async db => {
  const trees = newTrees(db, testBudget(10_000));
  const roomNid = await createRoom(db);
  const list = [...bigRoom(5000)];
  const root = await db.tx(tx => trees.build(tx, roomNid, list));
  const random = seeded(3);
  const all = list.map(([key]) => key);
  for (let n = 0; n < 20; n++) {
    const [from, to] = [all[below(random, all.length)]! + below(random, 2), all[below(random, all.length)]!];
    const found = await collected(trees.stream(db, roomNid, root, from, to));
    assert.deepEqual(
      found,
      list.filter(([key]) => key >= from && key < to),
    );
  }
  for (const [key, value] of list.slice(0, 600)) {
    assert.deepEqual(await collected(trees.stream(db, roomNid, root, key, key + 1)), [[key, value]]);
  }
  const others = await collected(trees.nonMembers(db, roomNid, root));
  assert.deepEqual(others, list.slice(0, 30));
});

onEachDatabase('build wants its entries in order, and values that events can have', async db => {
  const trees = newTrees(db);
  const roomNid = await createRoom(db);
  const build = (entries: [number, number][]) => db.tx(tx => trees.build(tx, roomNid, entries));
  await assert.rejects(build([[2, 1], [1, 1]]), RangeError); // biome-ignore format: pairs
  await assert.rejects(build([[2, 1], [2, 1]]), RangeError); // biome-ignore format: pairs
  await assert.rejects(build([[2, 0]]), RangeError);
  await assert.rejects(build([[2.5, 1]]), RangeError);
  await assert.rejects(build([[2, 2 ** 52]]), RangeError);
  assert.equal(await build([]), 0);
  const bad: Change[] = [{ key: -1, value: 1 }];
  await assert.rejects(
    db.tx(tx => trees.apply(tx, roomNid, 0, bad)),
    RangeError,
  );
  assert.equal((await recordRows(db, roomNid)).length, 0);
});

onEachDatabase('records keep to their size', async db => {
  const trees = newTrees(db);
  const roomNid = await createRoom(db);
  const random = seeded(5);
  await db.tx(async tx => {
    let root = await trees.build(tx, roomNid, bigRoom(3000));
    for (let n = 0; n < 300; n++) {
      root = await trees.apply(tx, roomNid, root, [{ key: treeKey(1, below(random, 9000)), value: 10_000 + n }]);
    }
    const many = Array.from({ length: 2000 }, (_, at) => ({ key: treeKey(1, 10_000 + at), value: 20_000 + at }));
    await trees.apply(tx, roomNid, root, many);
  });
  const rows = await recordRows(db, roomNid);
  assert.ok(rows.length > 300);
  assert.ok(rows.every(row => row.data.length <= 960));
});

onEachDatabase('a damaged or lost record is an error that names room and record', async db => {
  const roomNid = await createRoom(db);
  const root = await db.tx(tx => newTrees(db).build(tx, roomNid, bigRoom(3000)));
  const [first] = await recordRows(db, roomNid);
  const damaged = Uint8Array.from(first!.data);
  damaged[100] = (damaged[100] ?? 0) ^ 1;
  await writeRecord(db, roomNid, first!.rec, damaged);
  const named = (error: unknown) =>
    error instanceof StateRecordError && error.roomNid === roomNid && error.record === first!.rec;
  await assert.rejects(mapOf(newTrees(db), db, roomNid, root), named);
  const key = treeKey(2, 1);
  await assert.rejects(newTrees(db).lookup(db, [{ roomNid, root, key }]), named);
  // What does not touch the record can still be read.
  const other = { roomNid, root, key: treeKey(1, 3000) };
  assert.deepEqual(await newTrees(db).lookup(db, [other]), [2931]);
  await assert.rejects(
    newTrees(db).lookup(db, [{ roomNid, root: root + 3200, key }]),
    (error: unknown) => error instanceof StateRecordError && /is missing/.test(error.message),
  );
});
