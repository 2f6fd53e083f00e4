import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { getInteger, getObject, getString, isObject, type Json, JsonError, type JsonMode, parseJson } from './json.ts';
import { arrayElementTexts } from './json-elements.ts';

function kindOf(text: string | Uint8Array, mode: JsonMode): string {
  try {
    parseJson(text, mode);
    return 'ok';
  } catch (error) {
    assert.ok(error instanceof JsonError, String(error));
    return error.kind;
  }
}

function assertKinds(texts: readonly string[], strict: string, lenient: string): void {
  for (const text of texts) {
    assert.equal(kindOf(text, 'strict'), strict, `strict ${text}`);
    assert.equal(kindOf(text, 'lenient'), lenient, `lenient ${text}`);
  }
}

test('parses plain values', () => {
  for (const text of ['null', 'true', '0', '-1', '"x"', '[]', '{}', ' {"a":[1,{"b":null}]} ']) {
    assert.deepEqual(parseJson(text, 'strict'), JSON.parse(text));
  }
});

test('what is no JSON is M_NOT_JSON', () => {
  const broken = [
    '',
    '{',
    '[1,]',
    '{"a"}',
    "{'a':1}",
    '"a',
    '01',
    '1 2',
    '{"a":1}x',
    '[1.]',
    'NaN',
    '"\\x"',
    '"\\u12"',
  ];
  assertKinds(broken, 'not_json', 'not_json');
  assertKinds(['\ufeff{}', '"\n"', '"\u0000"'], 'not_json', 'not_json');
});

test('N042 integers beyond 2^53-1, floats, -0, 1e3 and NaN are refused for events of room version 6 and later', () => {
  const notCanonical = ['1.0', '0.5', '1e3', '1E3', '-0', '[-0]', '9007199254740992', '-9007199254740992', '1e-7'];
  assertKinds(notCanonical, 'bad_json', 'ok');
  assertKinds(['9007199254740991', '-9007199254740991', '0', '-1', '[10,2]', '{"1.5":"1e3"}'], 'ok', 'ok');
  assertKinds(['NaN', 'Infinity', '-Infinity'], 'not_json', 'not_json');
  assertKinds(['1e400', '-1e999', '9'.repeat(400)], 'bad_json', 'bad_json');
});

test('N043 duplicate keys are refused at every level, also when written differently', () => {
  const twice = ['{"a":1,"a":1}', '{"a":{"b":1,"b":2}}', '[{"x":1,"x":{}}]', '{"a":1,"\\u0061":2}', '{"":1,"":2}'];
  assertKinds(twice, 'bad_json', 'bad_json');
  assertKinds(['{"__proto__":1,"__proto__":2}', '{"a":{"c":1},"a":{"c":1}}'], 'bad_json', 'bad_json');
  assertKinds(['{"a":{"a":{"a":1}}}', '[{"a":1},{"a":1}]', '{"a":":{}\\":"}'], 'ok', 'ok');
});

test('N044 lone surrogates are refused, escaped or raw', () => {
  assertKinds(['"\\ud800"', '"\\udc00"', '"\\ud800x"', '"\\ud800\\ud800"', '{"\\udfff":1}'], 'bad_json', 'bad_json');
  assertKinds(['"\ud800"', '{"\udc00":1}'], 'bad_json', 'bad_json');
  assertKinds(['"\\ud83d\\ude00"', '"😀"', '"\\\\ud800"'], 'ok', 'ok');
});

test('bytes that are no UTF-8 are no JSON', () => {
  for (const bytes of [
    [0x22, 0xff, 0x22],
    [0x22, 0xed, 0xa0, 0x80, 0x22],
    [0x22, 0xc0, 0x80, 0x22],
  ]) {
    assert.equal(kindOf(Uint8Array.from(bytes), 'lenient'), 'not_json');
  }
  assert.equal(parseJson(new TextEncoder().encode('"é😀"'), 'strict'), 'é😀');
});

test('N048 nesting of 10,000 levels is refused without using up the stack', () => {
  for (const open of ['[', '{"a":']) {
    const close = open === '[' ? ']' : '}';
    assert.equal(kindOf(`${open.repeat(10_000)}1${close.repeat(10_000)}`, 'lenient'), 'bad_json');
    assert.equal(kindOf(`${open.repeat(1_000_000)}`, 'strict'), 'bad_json');
    assert.equal(kindOf(`${open.repeat(100)}1${close.repeat(100)}`, 'strict'), 'ok');
    assert.equal(kindOf(`${open.repeat(101)}1${close.repeat(101)}`, 'strict'), 'bad_json');
  }
});

test('N046 __proto__, constructor and toString are plain keys', () => {
  const value = parseJson(
    '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":"x"}',
    'strict',
  );
  assert.ok(isObject(value));
  assert.deepEqual(Object.keys(value), ['__proto__', 'constructor', 'toString']);
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
  assert.equal(getString(value, 'toString'), 'x');
  assert.deepEqual(getObject(value, '__proto__'), { polluted: 1 });
  const empty = parseJson('{}', 'strict') as { [key: string]: Json };
  for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    assert.equal(getString(empty, key), undefined);
    assert.equal(getObject(empty, key), undefined);
    assert.equal(getInteger(empty, key), undefined);
  }
});

test('parsing agrees with JSON.parse on everything JSON.stringify writes', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary', maxDepth: 6 }), value => {
      const text = JSON.stringify(value);
      assert.deepEqual(parseJson(text, 'lenient'), JSON.parse(text));
      assert.deepEqual(parseJson(JSON.stringify(JSON.parse(text), null, 2), 'lenient'), JSON.parse(text));
    }),
  );
});

test('parsing never throws anything but JsonError, and takes no more than JSON.parse takes', () => {
  const pieces = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"',
    '\\',
    '"a"',
    '1',
    '-',
    '.',
    'e',
    'u0061',
    '\\u',
    ' ',
    'true',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), parts => {
      const text = parts.join('');
      if (kindOf(text, 'strict') === 'ok') assert.doesNotThrow(() => JSON.parse(text));
    }),
    { numRuns: 2000 },
  );
});

test('the elements of an array can be had as texts, so that one bad event spoils only itself', () => {
  const body = '{"origin":"x]","pd\\u0075s":[ {"a":[1,"]"],"b":"}"} , {"depth":1.0},"s\\"," ],"edus":[{}]}';
  assert.deepEqual(arrayElementTexts(body, 'pdus'), ['{"a":[1,"]"],"b":"}"}', '{"depth":1.0}', '"s\\","']);
  assert.deepEqual(arrayElementTexts(body, 'edus'), ['{}']);
  assert.deepEqual(arrayElementTexts('{"pdus":[]}', 'pdus'), []);
  for (const text of ['{}', '[]', '{"pdus":{}}', '{"x":{"pdus":[1]}}']) {
    assert.throws(() => arrayElementTexts(text, 'pdus'), JsonError);
  }
});

test('the texts of the elements parse to the elements', () => {
  fc.assert(
    fc.property(
      fc.array(fc.jsonValue({ maxDepth: 3 })),
      fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })),
      (list, rest) => {
        const text = JSON.stringify({ ...rest, pdus: list }, null, 1);
        assert.deepEqual(
          arrayElementTexts(text, 'pdus').map(each => JSON.parse(each)),
          JSON.parse(JSON.stringify(list)),
        );
      },
    ),
  );
});
