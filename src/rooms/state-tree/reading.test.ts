import assert from 'node:assert/strict';
import { testBudget } from '../../../test/support/budget.ts';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { below, bigRoom, createRoom, mapOf, newTrees, seeded } from '../../../test/support/state-tree.ts';
import type { StateTrees } from './state-trees.ts';
import { treeKey } from './tree-key.ts';
import type { Root } from './tree-types.ts';

async function tripsOf(trees: StateTrees, run: () => Promise<unknown>): Promise<number> {
  const before = trees.stats.roundTrips;
  await run();
  return trees.stats.roundTrips - before;
}

onEachDatabase('fifty successive states, two rooms and many keys take one query a level', async db => {
  const roomNid = await createRoom(db, 'a');
  const other = await createRoom(db, 'b');
  const writer = newTrees(db);
  const roots: Root[] = [];
  const otherRoot = await db.tx(async tx => {
    let root = await writer.build(tx, roomNid, bigRoom(20_000));
    for (let n = 0; n < 50; n++) {
      root = await writer.apply(tx, roomNid, root, [{ key: treeKey(1, 5000 + n * 37), value: 50_000 + n }]);
      roots.push(root);
    }
    return writer.build(tx, other, bigRoom(20_000));
  });
  const cold = newTrees(db);
  const key = treeKey(1, 5000 + 37 * 30);
  const requests = roots.map(root => ({ roomNid, root, key }));
  let found: (number | undefined)[] = [];
  const trips = await tripsOf(cold, async () => {
    found = await cold.lookup(db, [...requests, { roomNid: other, root: otherRoot, key }]);
  });
  const old = 1 + 30 + 5000 + 37 * 30 - 100;
  assert.deepEqual(found, [...roots.map((_, at) => (at < 30 ? old : 50_030)), old]);
  assert.ok(trips <= 3, `${trips} round trips`);
  assert.equal(await tripsOf(cold, () => cold.lookup(db, requests)), 0);
  const keys = Array.from({ length: 500 }, (_, at) => treeKey(1, 100 + at * 40));
  const fresh = newTrees(db);
  assert.ok((await tripsOf(fresh, () => fresh.get(db, roomNid, roots[49]!, keys))) <= 3);
});

onEachDatabase('rooms beyond the most of one query are all answered', async db => {
  const trees = newTrees(db);
  const requests: { roomNid: number; root: Root; key: number }[] = [];
  const rooms: number[] = [];
  for (let n = 0; n < 230; n++) rooms.push(await createRoom(db, `room${n}`));
  await db.tx(async tx => {
    for (const [n, roomNid] of rooms.entries()) {
      const root = await trees.apply(tx, roomNid, 0, [{ key: treeKey(2, 1), value: n + 1 }]);
      requests.push({ roomNid, root, key: treeKey(2, 1) });
    }
  });
  const cold = newTrees(db);
  assert.deepEqual(
    await cold.lookup(db, requests),
    requests.map((_, at) => at + 1),
  );
});

onEachDatabase('the cache keeps to its bytes and can be shrunk; a stream leaves it alone', async db => {
  const roomNid = await createRoom(db);
  const root = await db.tx(tx => newTrees(db).build(tx, roomNid, bigRoom(20_000)));
  const budget = testBudget(60_000);
  const trees = newTrees(db, budget);
  const random = seeded(8);
  for (let n = 0; n < 400; n++) {
    await trees.get(db, roomNid, root, [treeKey(1, 100 + below(random, 20_000))]);
    assert.ok(trees.stats.bytes <= 60_000);
  }
  assert.ok(trees.stats.bytes > 50_000);
  assert.ok(trees.stats.hits > 400 && trees.stats.misses > 0);
  budget.scaleCaches(1 / 6);
  assert.ok(trees.stats.bytes <= 10_000 && trees.stats.bytes > 5_000);
  const fresh = newTrees(db);
  assert.equal((await mapOf(fresh, db, roomNid, root)).size, 20_030);
  assert.ok(fresh.stats.bytes < 8_000, `${fresh.stats.bytes} bytes after a stream: inner pages only`);
});

onEachDatabase('a difference costs what differs', async db => {
  const roomNid = await createRoom(db);
  const writer = newTrees(db);
  const [a, b] = await db.tx(async tx => {
    const first = await writer.build(tx, roomNid, bigRoom(20_000));
    return [first, await writer.apply(tx, roomNid, first, [{ key: treeKey(1, 9000), value: 70_000 }])] as const;
  });
  const trees = newTrees(db);
  const trips = await tripsOf(trees, async () => assert.equal((await trees.diff(db, roomNid, a, b)).length, 1));
  assert.ok(trips <= 3, `${trips} round trips`);
  assert.ok(trees.stats.misses <= 6, 'two paths of three pages');
});
