import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteRange } from './byte-range.ts';

test('one range of a file', () => {
  assert.deepEqual(byteRange('bytes=0-3', 10), { start: 0, end: 3 });
  assert.deepEqual(byteRange('bytes=4-', 10), { start: 4, end: 9 });
  assert.deepEqual(byteRange('bytes=-3', 10), { start: 7, end: 9 });
  assert.deepEqual(byteRange('bytes=-30', 10), { start: 0, end: 9 });
  assert.deepEqual(byteRange('bytes=9-99', 10), { start: 9, end: 9 });
});

test('a range outside of the file is unsatisfiable', () => {
  for (const header of ['bytes=10-', 'bytes=10-20', 'bytes=-0']) assert.equal(byteRange(header, 10), 'unsatisfiable');
  assert.equal(byteRange('bytes=0-', 0), 'unsatisfiable');
});

test('what is no range of bytes sends the whole file', () => {
  for (const header of [undefined, '', 'bytes=-', 'bytes=3-1', 'bytes=0-1,3-4', 'lines=1-2', 'bytes=a-b'])
    assert.equal(byteRange(header, 10), undefined, header);
});
