import assert from 'node:assert/strict';
import { testBudget } from '../../../test/support/budget.ts';
import { onEachDatabase } from '../../../test/support/databases.ts';
import {
  below,
  bigRoom,
  createRoom,
  mapOf,
  newTrees,
  ordered,
  recordRows,
  seeded,
} from '../../../test/support/state-tree.ts';
import { childIds, levelOf } from './page.ts';
import { pageId, recordOf, StateRecord, StateRecordError } from './record.ts';
import { treeKey } from './tree-key.ts';
import type { Root } from './tree-types.ts';

/** The records that the roots reach, found the plain way. */
function reachable(roomNid: number, rows: readonly { rec: number; data: Uint8Array }[], roots: readonly Root[]) {
  const records = new Map(rows.map(row => [row.rec, new StateRecord(roomNid, row.rec, row.data)]));
  const found = new Set<number>();
  const visit = (id: number) => {
    found.add(recordOf(id));
    const page = records.get(recordOf(id))!.copy(id);
    if (levelOf(page) > 0) childIds(page).forEach(visit);
  };
  roots.filter(root => root !== 0).forEach(visit);
  return [...found].sort((a, b) => a - b);
}

onEachDatabase('a collection keeps what the roots reach, and nothing else', async db => {
  const trees = newTrees(db, testBudget(20_000));
  const roomNid = await createRoom(db);
  const other = await createRoom(db, 'other');
  const random = seeded(9);
  const roots: Root[] = [];
  const otherRoot = await db.tx(async tx => {
    let root = await trees.build(tx, roomNid, bigRoom(5000));
    for (let n = 0; n < 600; n++) {
      const from = random() < 0.2 ? (roots[below(random, roots.length)] ?? root) : root;
      root = await trees.apply(tx, roomNid, from, [{ key: treeKey(1, 100 + below(random, 6000)), value: 9000 + n }]);
      roots.push(root);
    }
    return trees.build(tx, other, bigRoom(500));
  });
  const keptRoots = [0, roots[3]!, roots[300]!, roots[300]!, roots[599]!];
  const before = await Promise.all(keptRoots.map(root => mapOf(trees, db, roomNid, root)));
  const rows = await recordRows(db, roomNid);
  const wanted = reachable(roomNid, rows, keptRoots);
  const { kept, deleted } = await newTrees(db).collect(db, roomNid, keptRoots);
  assert.deepEqual(
    (await recordRows(db, roomNid)).map(row => row.rec),
    wanted,
  );
  assert.deepEqual([kept, deleted], [wanted.length, rows.length - wanted.length]);
  assert.ok(deleted > 300);
  const fresh = newTrees(db);
  for (const [at, root] of keptRoots.entries()) {
    assert.deepEqual(ordered(await mapOf(fresh, db, roomNid, root)), ordered(before[at]!));
  }
  await assert.rejects(mapOf(fresh, db, roomNid, roots[100]!), StateRecordError);
  assert.equal((await mapOf(fresh, db, other, otherRoot)).size, 530);
  assert.deepEqual(await fresh.collect(db, roomNid, keptRoots), { kept: wanted.length, deleted: 0 });
});

onEachDatabase('what is written after the mark of a collection is not touched', async db => {
  const trees = newTrees(db);
  const roomNid = await createRoom(db);
  const [old, kept] = await db.tx(async tx => {
    const first = await trees.build(tx, roomNid, bigRoom(3000));
    return [first, await trees.apply(tx, roomNid, first, [{ key: treeKey(1, 200), value: 9998 }])];
  });
  const mark = await trees.collectionMark(db, roomNid);
  const newer = await db.tx(tx => trees.apply(tx, roomNid, kept!, [{ key: treeKey(1, 200), value: 9999 }]));
  const { deleted } = await trees.collect(db, roomNid, [kept!], mark);
  assert.ok(deleted > 0);
  const fresh = newTrees(db);
  assert.equal((await mapOf(fresh, db, roomNid, newer)).get(treeKey(1, 200)), 9999);
  assert.equal((await mapOf(fresh, db, roomNid, kept!)).get(treeKey(1, 200)), 9998);
  await assert.rejects(mapOf(fresh, db, roomNid, old!), StateRecordError);
});

onEachDatabase('numbers are not given out again after a collection or when a room is dropped', async db => {
  const trees = newTrees(db);
  const roomNid = await createRoom(db);
  const other = await createRoom(db, 'other');
  const root = await db.tx(tx => trees.build(tx, roomNid, bigRoom(300)));
  await db.tx(tx => trees.build(tx, other, bigRoom(300)));
  await trees.collect(db, roomNid, []);
  assert.equal((await recordRows(db, roomNid)).length, 0);
  const again = await db.tx(tx => trees.build(tx, roomNid, bigRoom(300)));
  assert.ok(recordOf(again) > recordOf(root));
  const rows = (await recordRows(db, roomNid)).length;
  assert.equal(await db.tx(tx => trees.dropRoom(tx, roomNid)), rows);
  assert.equal((await recordRows(db, roomNid)).length, 0);
  assert.ok((await recordRows(db, other)).length > 0);
  const last = await db.tx(tx => trees.build(tx, roomNid, bigRoom(1)));
  assert.ok(recordOf(last) > recordOf(again) && last % 32 === pageId(0, 0));
});
