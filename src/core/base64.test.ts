import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeBase64, decodeBase64Url, encodeBase64, encodeBase64Url } from './base64.ts';

test("the specification's examples", () => {
  const examples: [string, string][] = [
    ['', ''],
    ['f', 'Zg'],
    ['fo', 'Zm8'],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg'],
    ['fooba', 'Zm9vYmE'],
    ['foobar', 'Zm9vYmFy'],
  ];
  for (const [text, encoded] of examples) {
    assert.equal(encodeBase64(Buffer.from(text)), encoded);
    assert.equal(Buffer.from(decodeBase64(encoded)!).toString(), text);
  }
});

test('both alphabets agree with Node and come back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), bytes => {
      const buffer = Buffer.from(bytes);
      assert.equal(encodeBase64(bytes), buffer.toString('base64').replaceAll('=', ''));
      assert.equal(encodeBase64Url(bytes), buffer.toString('base64url'));
      assert.deepEqual(decodeBase64(encodeBase64(bytes)), bytes);
      assert.deepEqual(decodeBase64Url(encodeBase64Url(bytes)), bytes);
      assert.deepEqual(decodeBase64(buffer.toString('base64')), bytes);
    }),
  );
});

test('decoding is strict', () => {
  for (const text of ['A', 'AAAAA', 'Zg=', 'Zg===', '=', '====', 'Zm9v=', 'Z g', 'Zg\n', 'Zü', '-_8', 'Zg==Zg==']) {
    assert.equal(decodeBase64(text), undefined, text);
  }
  assert.equal(decodeBase64Url('+/8'), undefined);
  assert.deepEqual(decodeBase64Url('-_8'), Uint8Array.from([0xfb, 0xff]));
});

test('bits left over in the last character are ignored, as in the signing key of the specification', () => {
  assert.equal(decodeBase64('YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1')?.length, 32);
  assert.deepEqual(decodeBase64('Zh'), decodeBase64('Zg'));
});
