import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { childFor, onePageBytes, PAGE_BYTES, VALUE_END, valueIn } from './page.ts';
import { KEY_END } from './tree-key.ts';
import { decodeNode, encodeNode } from './tree-node.ts';
import { unzigzag, varintBytes, writeVarint, zigzag } from './varint.ts';

const key = fc.oneof(
  fc.maxSafeNat().map(n => n % KEY_END),
  fc.nat(5000),
);
const value = fc.oneof(fc.integer({ min: 1, max: VALUE_END - 1 }), fc.integer({ min: 1, max: 5000 }));
const entries = fc
  .dictionary(key.map(String), value, { maxKeys: 400 })
  .map(found => Object.entries(found).map(([k, v]) => [Number(k), v] as const))
  .map(found => found.toSorted(([a], [b]) => a - b));

test('a number takes the bytes that were counted for it', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), number => {
      const out = new Uint8Array(10);
      assert.equal(writeVarint(out, 0, number), varintBytes(number));
    }),
  );
});

test('zigzag is undone, up to the largest difference of two values', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1 - VALUE_END, max: VALUE_END - 1 }), number => {
      assert.equal(unzigzag(zigzag(number)), number === 0 ? 0 : number);
      assert.ok(Number.isSafeInteger(zigzag(number)) && zigzag(number) >= 0);
    }),
  );
});

test('nodes come back from their pages, and no page is too long', () => {
  fc.assert(
    fc.property(entries, fc.nat(3), fc.boolean(), (list, level, atEnd) => {
      const node = { level, keys: list.map(([k]) => k), values: list.map(([, v]) => v) };
      const pages = encodeNode(node, { atEnd });
      const back = pages.map(page => decodeNode(page.bytes));
      assert.deepEqual(
        back.flatMap(part => part.keys),
        node.keys,
      );
      assert.deepEqual(
        back.flatMap(part => part.values),
        node.values,
      );
      for (const [at, page] of pages.entries()) {
        assert.ok(page.bytes.length <= PAGE_BYTES);
        assert.equal(page.bytes.length, onePageBytes(level, back[at]!.keys, back[at]!.values));
        assert.equal(page.firstKey, back[at]!.keys[0]);
      }
      assert.equal(pages.length === 0, list.length === 0);
    }),
  );
});

test('a page that outgrows its size is cut in halves, or filled when it grows at its end', () => {
  const keys = Array.from({ length: 200 }, (_, at) => at + 1);
  const node = { level: 0, keys, values: keys };
  const halves = encodeNode(node, { atEnd: false }).map(page => page.bytes.length);
  assert.ok(halves.length === 2 && halves.every(bytes => bytes > 190 && bytes < 220), String(halves));
  const filled = encodeNode(node, { atEnd: true }).map(page => page.bytes.length);
  assert.ok(filled.length === 2 && filled[0]! > 300 && filled[1]! < 110, String(filled));
});

test('a leaf answers for its keys and for no other', () => {
  const [leaf] = encodeNode({ level: 0, keys: [5, 10, 2 ** 51], values: [900, 3, VALUE_END - 1] }, { atEnd: false });
  assert.deepEqual(
    [4, 5, 7, 10, 11, 2 ** 51, 2 ** 51 + 1].map(k => valueIn(leaf!.bytes, k)),
    [undefined, 900, undefined, 3, undefined, VALUE_END - 1, undefined],
  );
});

test('an inner page sends a key to the last child that starts at or below it', () => {
  const [inner] = encodeNode({ level: 1, keys: [5, 10, 20], values: [1, 2, 3] }, { atEnd: false });
  assert.deepEqual(
    [0, 5, 9, 10, 19, 20, 2 ** 51].map(k => childFor(inner!.bytes, k)),
    [1, 1, 1, 2, 2, 3, 3],
  );
});
