import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeFacts,
  encodeFacts,
  encodeRecord,
  factsId,
  pageId,
  recordBytes,
  recordOf,
  StateRecord,
  StateRecordError,
} from './record.ts';

const pages = [new Uint8Array([1, 2, 3]), new Uint8Array([]), new Uint8Array(384).fill(9)];
const facts = { partial: true, entries: 100_000, fingerprint: 2n ** 128n - 5n };

test('pages and facts come back', () => {
  const data = encodeRecord(7, 12, pages, encodeFacts(facts));
  assert.equal(data.length, recordBytes(3, 387));
  const record = new StateRecord(7, 12, data);
  for (const [slot, page] of pages.entries()) assert.deepEqual(record.copy(pageId(12, slot)), page);
  assert.deepEqual(decodeFacts(record.copy(factsId(pageId(12, 2)))), facts);
});

test('page ids of large records stay exact', () => {
  const record = 2 ** 40 + 3;
  assert.equal(recordOf(pageId(record, 31)), record);
  assert.equal(recordOf(factsId(pageId(record, 5))), record);
});

test('every damaged byte is found and named', () => {
  const data = encodeRecord(7, 12, pages.slice(0, 2), encodeFacts(facts));
  for (let at = 0; at < data.length; at++) {
    const damaged = Uint8Array.from(data);
    damaged[at] = (damaged[at] ?? 0) ^ 64;
    assert.throws(
      () => new StateRecord(7, 12, damaged),
      (error: unknown) => error instanceof StateRecordError && error.roomNid === 7 && error.record === 12,
    );
  }
  assert.throws(() => new StateRecord(7, 12, data.subarray(0, -1)), StateRecordError);
  assert.throws(() => new StateRecord(7, 12, new Uint8Array()), StateRecordError);
});

test('a record in the place of another one is found', () => {
  const data = encodeRecord(7, 12, pages, undefined);
  assert.throws(() => new StateRecord(7, 13, data), StateRecordError);
  assert.throws(() => new StateRecord(8, 12, data), StateRecordError);
});

test('a page or a root that a record does not have is an error', () => {
  const record = new StateRecord(7, 12, encodeRecord(7, 12, pages, undefined));
  assert.throws(() => record.copy(pageId(12, 3)), StateRecordError);
  assert.throws(() => record.copy(factsId(pageId(12, 0))), StateRecordError);
});
