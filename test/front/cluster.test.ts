import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { assertTook } from '../support/slowness.ts';
import { MIB } from './bytes.ts';
import { clustered, follow, reason } from './clustered-front.ts';
import { PROGRAMS } from './programs.ts';
import { Visitor } from './visitor.ts';

/** A room is served again within so long, whatever happened to a process. */
const SERVED_WITHIN_MS = 15_000;

/** Every role once. */
const ROLES = [
  ['client', 'rooms', 'push', 'appservice', 'maintenance', 'doctor'],
  ['sync', 'initial-sync'],
  ['media', 'federation-in', 'federation-out'],
];

for (const program of PROGRAMS) {
  test(`${program}: three processes with different roles are one server`, { skip: reason(program) }, async t => {
    const { world } = await clustered(t, program, ROLES);
    const [ann, bob] = [await Visitor.register(world, 'ann'), await Visitor.register(world, 'bob')];
    const made = await ann.ok('POST', '/_matrix/client/v3/createRoom', { preset: 'public_chat' });
    const room = encodeURIComponent(String(made.room_id));
    await bob.ok('POST', `/_matrix/client/v3/join/${room}`, {});
    const { next_batch: since } = await bob.ok('GET', '/_matrix/client/v3/sync');
    await ann.ok('PUT', `/_matrix/client/v3/rooms/${room}/typing/${encodeURIComponent(ann.id)}`, { typing: true });
    const poll = bob.until(/hello/, String(since));
    await ann.ok('PUT', `/_matrix/client/v3/rooms/${room}/send/m.room.message/1`, { msgtype: 'm.text', body: 'hello' });
    await poll;
    const { status, said } = await ann.upload(MIB);
    assert.equal(status, 200, JSON.stringify(said));
    const path = String(said.content_uri).slice('mxc:/'.length);
    const file = await bob.ask({ path: `/_matrix/client/v1/media/download${path}` });
    assert.deepEqual([file.status, file.text.length], [200, MIB]);
    const keys = await bob.ask({ path: '/_matrix/key/v2/server' });
    assert.equal(keys.status, 200);
    assert.match(keys.text, /verify_keys/);
    assert.equal((await bob.ask({ path: '/_matrix/client/v9/none' })).status, 404);
  });

  test(`${program}: rooms of a process that was killed are served again, and so when it is back`, {
    skip: reason(program),
  }, async t => {
    const { cluster, world } = await clustered(t, program, [[], [], []]);
    const [first = assert.fail(), second = assert.fail()] = cluster.processes;
    follow(t, world, first);
    const ann = await Visitor.register(world, 'ann');
    const rooms: string[] = [];
    for (let at = 0; at < 6; at++)
      rooms.push(String((await ann.ok('POST', '/_matrix/client/v3/createRoom', {})).room_id));
    let number = 0;
    const allAnswer = async () => {
      const answers = rooms.map(room => {
        const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/m.room.message/${number++}`;
        return ann.ask({ method: 'PUT', path, body: '{"msgtype":"m.text","body":"x"}' }).catch(() => undefined);
      });
      return (await Promise.all(answers)).every(answer => answer?.status === 200);
    };
    assert.ok(await allAnswer());
    await second.kill9();
    const began = performance.now();
    while (!(await allAnswer())) assertTook(performance.now() - began, SERVED_WITHIN_MS, 'some room is not served');
    t.diagnostic(`every room is served again after ${Math.round(performance.now() - began)} ms`);
    await second.restart();
    while (!world.configuration.includes(` ${new URL(second.url).host} `)) await wait(100);
    assert.ok(await allAnswer());
  });
}
