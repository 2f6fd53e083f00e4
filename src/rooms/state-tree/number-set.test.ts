import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NumberSet } from './number-set.ts';

test('holds what was put in, and says what was new', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat(9000), fc.maxSafeNat())), numbers => {
      const set = new NumberSet();
      const model = new Set<number>();
      for (const number of numbers) {
        assert.equal(set.add(number), !model.has(number));
        model.add(number);
      }
      assert.deepEqual(
        [...set.values()],
        [...model].sort((a, b) => a - b),
      );
      for (const number of numbers) {
        for (const near of [number - 1, number, number + 1]) {
          if (near >= 0) assert.equal(set.has(near), model.has(near));
        }
      }
    }),
  );
});
