import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askFront } from './ask-front.ts';
import { bytes, MIB } from './bytes.ts';
import { FrontWorld, recorders } from './front-world.ts';
import { needs, PROGRAMS } from './programs.ts';

const upload = '/_matrix/media/v3/upload?filename=a%2Fb';
const send = '/_matrix/federation/v1/send/1';
const message = '/_matrix/client/v3/rooms/!a:x/send/m.room.message/1';

/** Paths and what they take. */
const LIMITS = [
  { method: 'POST', path: upload, limit: 50 * MIB },
  { method: 'PUT', path: send, limit: 12 * MIB },
  { method: 'PUT', path: message, limit: MIB },
];

for (const program of PROGRAMS) {
  test(`${program}: a body as large as the endpoint takes gets through`, needs(program), async t => {
    const [process = assert.fail()] = await recorders(t, ['b1']);
    const world = await FrontWorld.open(t, program, [{ recorder: process }]);
    for (const { method, path, limit } of LIMITS) {
      const headers = { 'content-length': String(limit) };
      const { status } = await askFront(world, { method, path, body: bytes(limit), headers });
      assert.deepEqual([status, process.seen.at(-1)?.bodyBytes], [200, limit], path);
    }
  });

  test(`${program}: an upload of unknown length streams through`, needs(program), async t => {
    const [process = assert.fail()] = await recorders(t, ['b1']);
    const world = await FrontWorld.open(t, program, [{ recorder: process }]);
    const answer = await askFront(world, { method: 'POST', path: upload, body: bytes(9 * MIB) });
    assert.deepEqual([answer.status, process.seen[0]?.bodyBytes], [200, 9 * MIB]);
  });

  test(`${program}: what is written piece by piece comes out piece by piece`, needs(program), async t => {
    const [process = assert.fail()] = await recorders(t, ['b1']);
    const world = await FrontWorld.open(t, program, [{ recorder: process }]);
    let finish = () => {};
    process.answer = response => {
      response.setHeader('x-accel-buffering', 'no');
      response.write('first');
      finish = () => void response.end(' second');
    };
    const pieces: string[] = [];
    await askFront(world, {
      path: '/_matrix/client/v1/media/download/x/y',
      onPiece: piece => {
        pieces.push(piece);
        finish();
      },
    });
    assert.deepEqual(pieces, ['first', ' second']);
  });
}

test('nginx: a body that is larger is refused in JSON, before a process sees it', needs('nginx'), async t => {
  const [process = assert.fail()] = await recorders(t, ['b1']);
  const world = await FrontWorld.open(t, 'nginx', [{ recorder: process }]);
  for (const { method, path, limit } of LIMITS) {
    const headers = { 'content-length': String(limit + MIB) };
    const answer = await askFront(world, { method, path, body: bytes(limit + MIB), headers });
    assert.equal(answer.status, 413, path);
    assert.equal((JSON.parse(answer.text) as { errcode: string }).errcode, 'M_TOO_LARGE');
    assert.equal(answer.headers['content-type'], 'application/json');
    assert.equal(answer.headers['access-control-allow-origin'], '*');
  }
  assert.equal(process.seen.length, 0);
});
