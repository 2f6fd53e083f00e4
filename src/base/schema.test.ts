import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Type as TypeBox } from 'typebox';
import { Type } from './schema.ts';

type Builders = typeof Type;

const EXAMPLES: Readonly<Record<string, (build: Builders) => unknown>> = {
  texts: build => build.Array(build.String({ pattern: '^@', maxLength: 10 }), { description: 'users' }),
  numbers: build => build.Object({ whole: build.Integer({ minimum: 0, maximum: 5 }), any: build.Number() }),
  choices: build => build.Union([build.String(), build.Null()], { description: 'one of two' }),
  words: build => build.Object({ format: build.Enum(['a', 'b']), off: build.Literal('off'), one: build.Literal(1) }),
  maps: build => build.Record(build.String(), build.Record(build.String(), build.Unknown()), { maxProperties: 9 }),
  optional: build =>
    build.Object(
      { here: build.Boolean(), perhaps: build.Optional(build.Object({ inner: build.Optional(build.String()) })) },
      { additionalProperties: false },
    ),
  nothing: build => build.Object({}),
  unsafe: build =>
    build.Object({ size: build.Unsafe({ type: 'string', unit: 'bytes' }), opt: build.Optional(build.Unknown()) }),
};

for (const [name, example] of Object.entries(EXAMPLES)) {
  test(`builds what TypeBox builds: ${name}`, () => {
    const plain = (schema: unknown) => JSON.parse(JSON.stringify(schema)) as unknown;
    assert.deepEqual(plain(example(Type)), plain(example(TypeBox)));
  });
}

test('an optional schema is a copy: the one it was made of stays required', () => {
  const text = Type.String();
  const schema = Type.Object({ needed: text, perhaps: Type.Optional(text) });
  assert.deepEqual(schema.required, ['needed']);
});
