import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freedMemory } from './freed-memory.ts';
import { systemMemory } from './system-memory.ts';

const MIB = 1024 * 1024;
/** Each a piece of its own in the memory of the C library. */
const PIECES = 30_000;
const BYTES = 3000;

test('what was freed between pieces that are in use goes back to the system', () => {
  const memory = systemMemory(() => undefined);
  const giveBack = freedMemory();
  const pieces = Array.from({ length: PIECES }, () => Buffer.allocUnsafeSlow(BYTES).fill(1));
  const kept = pieces.filter((_, at) => at % 50 === 0);
  pieces.length = 0;
  const full = process.memoryUsage.rss();
  memory.collect();
  giveBack();
  const left = process.memoryUsage.rss();
  assert.ok(full - left > 40 * MIB, `${full} bytes before, ${left} after`);
  assert.equal(kept.length, PIECES / 50);
});
