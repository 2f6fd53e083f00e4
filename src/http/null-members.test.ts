import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Type } from '../base/schema.ts';
import type { Json } from '../core/json.ts';
import { MatrixError } from '../core/matrix-error.ts';
import { checkBody } from './body.ts';

const TEXT = Type.Optional(Type.String());
const SCHEMA = Type.Object({
  needed: Type.String(),
  text: TEXT,
  kind: Type.Optional(Type.Enum(['one', 'two'])),
  erased: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  anything: Type.Optional(Type.Unknown()),
  lists: Type.Optional(Type.Record(Type.String(), Type.Object({ text: TEXT }))),
  many: Type.Optional(Type.Array(Type.Object({ text: TEXT }))),
});

async function read(value: Json): Promise<Json | string> {
  try {
    await checkBody(SCHEMA, value);
    return value;
  } catch (error) {
    if (error instanceof MatrixError) return error.errcode;
    throw error;
  }
}

test('what need not be said is not said by null, however deep', async () => {
  const nothing = { needed: 'x', text: null, kind: null, lists: { a: { text: null } }, many: [{ text: null }, {}] };
  assert.deepEqual(await read(nothing), { needed: 'x', lists: { a: {} }, many: [{}, {}] });
});

test('null stays where it says something, and where nobody knows what it says', async () => {
  const told = { needed: 'x', erased: null, anything: null, unknown: null };
  assert.deepEqual(await read({ ...told, text: null }), told);
});

test('null is refused where something has to be, and other wrong values everywhere', async () => {
  assert.equal(await read({ needed: null, text: null }), 'M_BAD_JSON');
  assert.equal(await read({ text: null }), 'M_MISSING_PARAM');
  assert.equal(await read({ needed: 'x', text: 1, kind: null }), 'M_BAD_JSON');
  assert.equal(await read({ needed: 'x', lists: { a: null } }), 'M_BAD_JSON');
  assert.equal(await read({ needed: 'x', many: [null] }), 'M_BAD_JSON');
  assert.equal(await read(null), 'M_BAD_JSON');
});
