import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { bigRoom, createRoom, mapOf, newTrees, nextRecord, recordRows } from '../../../test/support/state-tree.ts';
import { StateRecordError } from './record.ts';
import { treeKey } from './tree-key.ts';
import type { Root } from './tree-types.ts';

const key = treeKey(1, 150);

onEachDatabase('a transaction sees its own states, nobody else does before the commit', async db => {
  const trees = newTrees(db);
  const roomNid = await createRoom(db);
  const root = await db.tx(async tx => {
    const base = await trees.build(tx, roomNid, bigRoom(100));
    const own = await trees.apply(tx, roomNid, base, [{ key, value: 999 }]);
    assert.deepEqual(await trees.lookup(tx, [{ roomNid, root: own, key }]), [999]);
    await assert.rejects(trees.lookup(db, [{ roomNid, root: own, key }]), StateRecordError);
    return own;
  });
  assert.deepEqual(await trees.lookup(db, [{ roomNid, root, key }]), [999]);
});

onEachDatabase('what was committed is read from memory', async db => {
  const trees = newTrees(db);
  const roomNid = await createRoom(db);
  const base = await db.tx(tx => trees.build(tx, roomNid, bigRoom(1000)));
  const root = await db.tx(tx => trees.apply(tx, roomNid, base, [{ key, value: 5555 }]));
  const { roundTrips } = trees.stats;
  await trees.lookup(db, [{ roomNid, root, key }]);
  await trees.fingerprint(db, roomNid, root);
  assert.equal(trees.stats.roundTrips, roundTrips);
  await db.tx(tx => trees.apply(tx, roomNid, root, [{ key, value: 5556 }]));
  assert.equal(trees.stats.roundTrips, roundTrips + 2, 'one for the number, one for the row');
});

onEachDatabase('a rollback takes pages and numbers back; the same ids then hold other pages', async db => {
  const trees = newTrees(db);
  const roomNid = await createRoom(db);
  const base = await db.tx(tx => trees.build(tx, roomNid, bigRoom(1000)));
  const record = await nextRecord(db, roomNid);
  const rows = (await recordRows(db, roomNid)).length;
  const gone = new RangeError('gone');
  let lost: Root = 0;
  const failed = db.tx(async tx => {
    lost = await trees.apply(tx, roomNid, base, [{ key, value: 6001 }]);
    assert.deepEqual(await trees.lookup(tx, [{ roomNid, root: lost, key }]), [6001]);
    throw gone;
  });
  await assert.rejects(failed, error => error === gone);
  assert.equal(await nextRecord(db, roomNid), record);
  assert.equal((await recordRows(db, roomNid)).length, rows);
  await assert.rejects(trees.lookup(db, [{ roomNid, root: lost, key }]), StateRecordError);
  const root = await db.tx(tx => trees.apply(tx, roomNid, base, [{ key, value: 6002 }]));
  assert.equal(root, lost, 'the same page id');
  assert.deepEqual(await trees.lookup(db, [{ roomNid, root, key }]), [6002]);
});

onEachDatabase('transactions that share a commit do not see through each other', async db => {
  const trees = newTrees(db);
  const rooms = [await createRoom(db, 'a'), await createRoom(db, 'b'), await createRoom(db, 'c')];
  const roots = await Promise.allSettled(
    rooms.map((roomNid, at) =>
      db.tx(async tx => {
        const root = await trees.build(tx, roomNid, bigRoom(500 + at));
        if (at === 1) throw new RangeError('no');
        return trees.apply(tx, roomNid, root, [{ key, value: 7000 + at }]);
      }),
    ),
  );
  assert.deepEqual(
    roots.map(root => root.status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  for (const [at, root] of roots.entries()) {
    if (root.status === 'rejected') continue;
    const map = await mapOf(trees, db, rooms[at]!, root.value);
    assert.equal(map.size, 530 + at);
    assert.equal(map.get(key), 7000 + at);
  }
  assert.equal((await recordRows(db, rooms[1]!)).length, 0);
});

onEachDatabase('changes side by side in one transaction do not take the same numbers', async db => {
  const trees = newTrees(db);
  const roomNid = await createRoom(db);
  const roots = await db.tx(async tx => {
    const base = await trees.build(tx, roomNid, bigRoom(2000));
    const many = (value: number) => Array.from({ length: 600 }, (_, at) => ({ key: treeKey(1, 100 + at * 3), value }));
    return Promise.all([1, 2, 3].map(value => trees.apply(tx, roomNid, base, many(9000 + value))));
  });
  for (const [at, root] of roots.entries()) {
    const map = await mapOf(newTrees(db), db, roomNid, root);
    assert.equal([...map.values()].filter(value => value === 9001 + at).length, 600);
  }
});

onEachDatabase('a partial state marks every state made from it, and no other', async db => {
  const trees = newTrees(db);
  const roomNid = await createRoom(db);
  await db.tx(async tx => {
    const partial = await trees.build(tx, roomNid, bigRoom(3), { partial: true });
    const full = await trees.build(tx, roomNid, bigRoom(300));
    const heir = await trees.apply(tx, roomNid, partial, [{ key, value: 8000 }]);
    const heirOfHeir = await trees.apply(tx, roomNid, heir, [{ key, value: undefined }]);
    const marked = await trees.apply(tx, roomNid, full, [], { partial: true });
    const merged = await trees.apply(tx, roomNid, full, [{ key, value: 8001 }], { partial: true });
    const plain = await trees.apply(tx, roomNid, full, [{ key, value: 8001 }]);
    const flags = [partial, heir, heirOfHeir, marked, merged, full, plain, 0].map(root =>
      trees.isPartial(tx, roomNid, root),
    );
    assert.deepEqual(await Promise.all(flags), [true, true, true, true, true, false, false, false]);
    assert.deepEqual(await trees.diff(tx, roomNid, full, marked), []);
    assert.equal(await trees.apply(tx, roomNid, marked, [], { partial: true }), marked);
  });
});
