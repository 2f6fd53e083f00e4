import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Batches, BatchesFullError } from './batches.ts';

test('what comes while a batch is under way goes into the next, and a failure hits its own batch alone', async () => {
  const seen: (readonly number[])[] = [];
  const batches = new Batches<number>(
    async batch => {
      seen.push(batch);
      await new Promise(resolve => setTimeout(resolve, 5));
      if (batch.includes(13)) throw new RangeError('thirteen');
    },
    { size: 3, limit: 6 },
  );
  const first = batches.add([1]);
  const rest = [batches.add([2, 3]), batches.add([4])];
  await first;
  await Promise.all(rest);
  assert.deepEqual(seen, [[1], [2, 3, 4]]);
  const bad = batches.add([13]);
  const good = batches.add([5]);
  await assert.rejects(bad, RangeError);
  await good;
  await assert.rejects(batches.add([1, 2, 3, 4, 5, 6, 7]), BatchesFullError);
  await batches.add([]);
});
