import assert from 'node:assert/strict';
import { test } from 'node:test';
import { childSpans, inOrder, rewritten } from './rewrite.ts';
import type { TreeNode } from './tree-node.ts';
import type { Change } from './tree-types.ts';

const nodes = new Map<number, TreeNode>([
  [1, { level: 1, keys: [10, 50], values: [2, 3] }],
  [2, { level: 0, keys: [10, 20], values: [100, 200] }],
  [3, { level: 0, keys: [50, 60], values: [500, 600] }],
]);

function rewrite(...changes: Change[]) {
  const effects: (number | undefined)[][] = [];
  const node = rewritten(nodes, changes, { id: 1, from: 0, to: changes.length }, (...effect) => effects.push(effect));
  return { node, effects };
}

test('changes are put in order, and the last one of a key counts', () => {
  const changes = [5, 3, 5, 3, 4].map((key, at) => ({ key, value: at + 1 }));
  assert.deepEqual(inOrder(changes), [
    { key: 3, value: 4 },
    { key: 4, value: 5 },
    { key: 5, value: 3 },
  ]);
});

test('each child gets the changes from its bound to the next; the first one also those below', () => {
  const changes = [1, 10, 49, 50, 1000].map(key => ({ key, value: 1 }));
  assert.deepEqual(childSpans(nodes.get(1)!, changes, { id: 1, from: 0, to: 5 }), [
    { id: 2, from: 0, to: 3 },
    { id: 3, from: 3, to: 5 },
  ]);
});

test('only what has changed is new, and each effect is told once', () => {
  const { node, effects } = rewrite({ key: 20, value: 201 }, { key: 30, value: 300 }, { key: 60, value: 600 });
  assert.deepEqual(node?.values[1], 3);
  assert.deepEqual(node?.values[0], { level: 0, keys: [10, 20, 30], values: [100, 201, 300], atEnd: true });
  assert.deepEqual(effects, [
    [20, 200, 201],
    [30, undefined, 300],
  ]);
  assert.equal(rewrite({ key: 55, value: undefined }, { key: 60, value: 600 }).node, undefined);
});

test('a node grows at its end when its last entry is a new one, on every level', () => {
  assert.equal(rewrite({ key: 70, value: 1 }).node?.atEnd, true);
  assert.equal(rewrite({ key: 55, value: 1 }).node?.atEnd, false);
  assert.equal(rewrite({ key: 60, value: 1 }).node?.atEnd, false);
  assert.equal(rewrite({ key: 60, value: undefined }).node?.atEnd, false);
  assert.equal(rewrite({ key: 30, value: 1 }).node?.atEnd, false);
});
