import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { nodeCrypto } from '../base/node-crypto.ts';
import { checkRecordedRoom, type RecordedRoom } from './fixtures-check.ts';

const folder = join(import.meta.dirname, '..', '..', 'test', 'fixtures', 'state-resolution');

function recorded(file: string): RecordedRoom[] {
  const text = gunzipSync(readFileSync(join(folder, file))).toString('utf8');
  return text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as RecordedRoom);
}

for (const [file, merges] of [
  ['mixed.jsonl.gz', 7885],
  ['v12-adversarial.jsonl.gz', 899],
] as const) {
  test(`all verdicts and resolutions of ${file} are as recorded`, () => {
    let resolutions = 0;
    for (const room of recorded(file)) {
      const result = checkRecordedRoom(room, nodeCrypto);
      assert.deepEqual(result.failures, []);
      assert.equal(result.passed, 4 * room.order.length + room.merges.length);
      resolutions += room.merges.length;
    }
    assert.equal(resolutions, merges);
  });
}

test('a wrong record is noticed', () => {
  const room = recorded('mixed.jsonl.gz')[0]!;
  const [id, [first, second, third, state]] = Object.entries(room.verdicts).at(-1)!;
  const failed = (change: Partial<RecordedRoom>): number =>
    checkRecordedRoom({ ...room, ...change }, nodeCrypto).failed;
  assert.equal(failed({}), 0);
  for (const verdict of [
    [!first, second, third, state],
    [first, !second, third, state],
    [first, second, !third, state],
  ] as const) {
    assert.equal(failed({ verdicts: { ...room.verdicts, [id]: verdict } }), 1);
  }
  const merge = room.merges[0]!;
  assert.equal(failed({ merges: [{ ...merge, out: merge.out.slice(1) }] }), 1);
  assert.equal(failed({ merges: [{ ...merge, sets: [merge.sets[0]!.slice(1)] }] }), 1);
  assert.equal(failed({ v: '99' }), 1);
  const { [id]: event } = room.events;
  assert.ok(failed({ events: { ...room.events, [id]: { ...(event as object), depth: 1 } as never } }) >= 1);
});
