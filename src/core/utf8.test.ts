import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { utf8Decode, utf8Encode, utf8Length } from './utf8.ts';

test('lengths are those of the encoded text', () => {
  for (const [text, length] of [
    ['', 0],
    ['a', 1],
    ['é', 2],
    ['€', 3],
    ['😀', 4],
    ['\0', 1],
    ['\u07ff\u0800', 5],
    ['\uffff', 3],
  ] as const) {
    assert.equal(utf8Length(text), length, text);
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => assert.equal(utf8Length(text), Buffer.byteLength(text))),
  );
});

test('a lone surrogate counts as the replacement character it would become', () => {
  for (const text of ['\ud800', 'a\ud800b', '\udc00\ud800', '\ud800\ud800\udc00']) {
    assert.equal(utf8Length(text), utf8Encode(text).length);
  }
});

test('text comes back from its bytes', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), text => assert.equal(utf8Decode(utf8Encode(text)), text)));
});

test('bytes that are no UTF-8 are no text, and a byte order mark stays', () => {
  const bad = [[0x80], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x82], [0xff]];
  for (const bytes of bad) assert.equal(utf8Decode(Uint8Array.from(bytes)), undefined);
  assert.equal(utf8Decode(Uint8Array.from([0xef, 0xbb, 0xbf, 0x61])), '\ufeffa');
});
