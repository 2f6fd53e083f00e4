import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boxFor } from './thumbnail-boxes.ts';

test('a thumbnail is never smaller than what was asked for', () => {
  assert.deepEqual(boxFor(1, 1, 'crop'), { width: 32, height: 32, method: 'crop' });
  assert.deepEqual(boxFor(33, 32, 'crop'), { width: 96, height: 96, method: 'crop' });
  assert.deepEqual(boxFor(320, 240, 'scale'), { width: 320, height: 240, method: 'scale' });
  assert.deepEqual(boxFor(10, 241, 'scale'), { width: 640, height: 480, method: 'scale' });
  assert.deepEqual(boxFor(1601, 1, 'scale'), { width: 0, height: 0, method: 'scale' });
});

test('N185: however many sizes are asked for, there are nine', () => {
  const boxes = new Set<string>();
  for (let width = 1; width < 3000; width += 7)
    for (const method of ['crop', 'scale'] as const)
      for (const height of [1, width, 1e9]) boxes.add(JSON.stringify(boxFor(width, height, method)));
  assert.ok(boxes.size <= 9, `${boxes.size}`);
});
