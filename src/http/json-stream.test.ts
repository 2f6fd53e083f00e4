import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../core/json.ts';
import type { Reply } from './endpoint.ts';
import { streamInto } from './json-stream.ts';

async function textOf({ body }: Reply): Promise<string> {
  if (typeof body === 'string' || body instanceof Uint8Array) assert.fail('it is streamed');
  return Buffer.concat(await body.toArray()).toString();
}

async function* items(...values: JsonObject[]): AsyncGenerator<JsonObject, void> {
  yield* values;
}

test('arrays are written into the members of an object deep inside, and all else stays as it is', async () => {
  const json = {
    next: 'a"b',
    rooms: { invite: { '!i': {} }, join: { '!a': { state: { events: [] }, n: 1 }, '!b': { n: 2 }, '!c': {} } },
    join: { '!a': 'not this one' },
  };
  const arrays = new Map([
    ['!a', items({ x: 1 }, { x: '"' })],
    ['!c', items()],
  ]);
  assert.deepEqual(JSON.parse(await textOf(streamInto(json, ['rooms', 'join'], ['state', 'events'], arrays))), {
    ...json,
    rooms: {
      ...json.rooms,
      join: {
        '!a': { state: { events: [{ x: 1 }, { x: '"' }] }, n: 1 },
        '!b': { n: 2 },
        '!c': { state: { events: [] } },
      },
    },
  });
});

test('what is not there is not made up', async () => {
  for (const json of [{}, { rooms: {} }, { rooms: { join: {} } }, { rooms: [] }])
    assert.deepEqual(
      JSON.parse(await textOf(streamInto(json, ['rooms', 'join'], ['state', 'events'], new Map()))),
      json,
    );
});
