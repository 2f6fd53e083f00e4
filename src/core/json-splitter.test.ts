import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JsonError } from './json.ts';
import { JsonSplitter } from './json-splitter.ts';
import { utf8Encode } from './utf8.ts';

const LIMITS = { arrays: new Set(['state', 'auth_chain']), maxBytes: 1000 };

interface Read {
  readonly values: Record<string, unknown>;
  readonly elements: Record<string, unknown[]>;
  tooLong: number;
}

/** What a text says, given in chunks of some size. */
function read(text: string, chunkBytes: number): Read {
  const splitter = new JsonSplitter(LIMITS);
  const bytes = utf8Encode(text);
  const seen: Read = { values: {}, elements: {}, tooLong: 0 };
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    for (const { key, isElement, bytes: piece } of splitter.push(bytes.subarray(at, at + chunkBytes))) {
      if (piece === undefined) seen.tooLong++;
      else if (!isElement) seen.values[key] = JSON.parse(Buffer.from(piece).toString());
      else seen.elements[key] = [...(seen.elements[key] ?? []), JSON.parse(Buffer.from(piece).toString())];
    }
  }
  splitter.end();
  return seen;
}

const EVENT = { type: 'm.é"}],{', content: { list: [[], {}, [1, { a: '\\' }]], text: '\\"]' } };

test('elements of arrays come one by one, wherever the chunks are cut', () => {
  const text = JSON.stringify(
    { origin: 'one.example', state: [EVENT, EVENT, 1, 'x,y', null], event: EVENT, auth_chain: [], n: 1.5, more: [1] },
    undefined,
    1,
  );
  for (const chunkBytes of [1, 2, 3, 7, 64, 100_000]) {
    const { values, elements, tooLong } = read(text, chunkBytes);
    assert.deepEqual(values, { origin: 'one.example', event: EVENT, n: 1.5, more: [1] });
    assert.deepEqual(elements, { state: [EVENT, EVENT, 1, 'x,y', null] });
    assert.equal(tooLong, 0);
  }
});

test('the object may be empty, and what should be an array something else', () => {
  assert.deepEqual(read(' { } ', 1).values, {});
  assert.deepEqual(read('{"state":{"a":1}}', 2).values, { state: { a: 1 } });
});

test('a piece that is too long is skipped, and what follows is read', () => {
  const text = JSON.stringify({ state: ['a'.repeat(2000), EVENT], name: 'b'.repeat(2000), last: true });
  for (const chunkBytes of [1, 500, 100_000]) {
    const { values, elements, tooLong } = read(text, chunkBytes);
    assert.equal(tooLong, 2);
    assert.deepEqual([values, elements], [{ last: true }, { state: [EVENT] }]);
  }
});

test('what is no object, not complete or has a key twice is refused', () => {
  const refused = [
    '',
    '[]',
    'true',
    '{',
    '{"a":1',
    '{"a":1}}',
    '{"a":1} x',
    '{"a" 1}',
    '{a:1}',
    '{1:1}',
    '{"a":1,}',
    '{,}',
    '{"a":1]',
    '{"state":[1,]}',
    '{"state":[,1]}',
    '{"state":[1}}',
    '{"state":[1:2]}',
    '{"state":[1]',
    '{"state":[1]]',
    '{"state":["a]}',
    '{"state":[1],"st\\u0061te":[2]}',
    `{${Array.from({ length: 101 }, (_, at) => `"${at}":1`).join()}}`,
  ];
  for (const text of refused) assert.throws(() => read(text, 3), JsonError, text);
});
