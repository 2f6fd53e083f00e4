import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalBytes, canonicalJson, compareCodePoints, lenientCanonicalJson } from './canonical-json.ts';
import { canonicalizeText } from './canonical-text.ts';
import { type Json, JsonError, parseJson } from './json.ts';

test("the specification's examples", () => {
  const examples: [string, string][] = [
    ['{}', '{}'],
    ['{"one": 1, "two": "Two"}', '{"one":1,"two":"Two"}'],
    ['{"b": "2", "a": "1"}', '{"a":"1","b":"2"}'],
    ['{"本": 2, "日": 1}', '{"日":1,"本":2}'],
    ['{"a": "日本語"}', '{"a":"日本語"}'],
    ['{"a": "\\u65E5"}', '{"a":"日"}'],
    ['{"a": null}', '{"a":null}'],
    ['{"a": [true, false, [], {"c": 1, "b": -5}]}', '{"a":[true,false,[],{"b":-5,"c":1}]}'],
  ];
  for (const [source, canonical] of examples) assert.equal(canonicalJson(parseJson(source, 'strict')), canonical);
});

test('control characters take their short escapes or four lower-case digits', () => {
  assert.equal(
    canonicalJson('\b\t\n\f\r"\\\u0000\u000b\u001f\u007f/\u2028'),
    '"\\b\\t\\n\\f\\r\\"\\\\\\u0000\\u000b\\u001f\u007f/\u2028"',
  );
});

test('keys are in the order of code points, not of UTF-16 units', () => {
  assert.equal(canonicalJson({ '😀': 1, '\uffff': 2, '\ue000': 3, z: 4 }), '{"z":4,"\ue000":3,"\uffff":2,"😀":1}');
  assert.equal(canonicalJson({ 'a😀': 1, 'a\uff5e': 2 }), '{"a\uff5e":2,"a😀":1}');
});

test('keys that look like array indices are sorted as text', () => {
  assert.equal(canonicalJson({ 10: 1, 9: 2, a: 3, 1: 4 }), '{"1":4,"10":1,"9":2,"a":3}');
});

test('__proto__ is written like any key', () => {
  assert.equal(canonicalJson(parseJson('{"b":1,"__proto__":{"x":1}}', 'strict')), '{"__proto__":{"x":1},"b":1}');
});

test('what canonical JSON cannot say is refused', () => {
  const values: unknown[] = [0.5, -0, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, '\ud800', undefined, 1n, () => 1];
  for (const value of values) {
    assert.throws(() => canonicalJson({ a: [value as Json] }), JsonError);
  }
  assert.throws(() => canonicalJson({ '\udc00': 1 }), JsonError);
});

test('a value nested without end is refused instead of using up the stack', () => {
  let value: Json = [];
  for (let i = 0; i < 100_000; i++) value = [value];
  assert.throws(() => canonicalJson(value), JsonError);
});

test('numbers of old rooms are written the way Python writes them', () => {
  const written: [number, string][] = [
    [50.57, '50.57'],
    [-1.5, '-1.5'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [1.5e-7, '1.5e-07'],
    [1e16, '1e+16'],
    [1.25e17, '1.25e+17'],
    [1e300, '1e+300'],
    [42, '42'],
  ];
  for (const [value, text] of written) assert.equal(lenientCanonicalJson(value), text);
  assert.throws(() => lenientCanonicalJson(Number.NaN), JsonError);
});

const integers = fc.maxSafeInteger().map(value => (Object.is(value, -0) ? 0 : value));
const { value: anyValue } = fc.letrec<{ value: Json }>(tie => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom<Json>(null, true, false),
    integers,
    fc.string({ unit: 'binary' }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.string({ unit: 'binary', maxLength: 3 }), tie('value'), { maxKeys: 6 }),
  ),
}));

test('canonical JSON parses back to the same value and is its own canonical form', () => {
  fc.assert(
    fc.property(anyValue, value => {
      const text = canonicalJson(value);
      const back = parseJson(text, 'strict');
      assert.deepEqual(back, JSON.parse(JSON.stringify(value)));
      assert.equal(canonicalJson(back), text);
    }),
  );
});

test('the order keys were added in does not matter', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(fc.string({ unit: 'binary' }), integers), { selector: pair => pair[0] }),
      pairs => {
        const forwards = Object.fromEntries(pairs);
        const backwards = Object.fromEntries(pairs.toReversed());
        assert.equal(canonicalJson(forwards), canonicalJson(backwards));
        const keys = Object.keys(JSON.parse(canonicalJson(pairs.map(pair => [...pair])))).length;
        assert.equal(keys, pairs.length);
      },
    ),
  );
});

test('comparing code points is comparing UTF-8 bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
      assert.equal(Math.sign(compareCodePoints(a, b)), Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
    }),
    { numRuns: 1000 },
  );
});

test('strict and lenient agree where both are defined', () => {
  fc.assert(fc.property(anyValue, value => assert.equal(lenientCanonicalJson(value), canonicalJson(value))));
  assert.deepEqual(Buffer.from(canonicalBytes('é')).toString('hex'), '22c3a922');
});

test('canonical JSON can be made from a text', () => {
  fc.assert(
    fc.property(anyValue, fc.constantFrom(undefined, 1, '\t'), (value, space) => {
      assert.equal(canonicalizeText(JSON.stringify(value, null, space)), canonicalJson(value));
    }),
  );
  assert.equal(
    canonicalizeText(' {"\\u0062":1.0,"a":[-0,1e3, 12345678901234567890 ]}'),
    '{"a":[-0,1e3,12345678901234567890],"b":1.0}',
  );
  for (const text of ['', '{', '[1', '{"a"}', '{"a":1}}', '[1 2]', '"a', '[,]']) {
    assert.throws(() => canonicalizeText(text), JsonError, text);
  }
  assert.throws(() => canonicalizeText('['.repeat(100_000)), JsonError);
});
