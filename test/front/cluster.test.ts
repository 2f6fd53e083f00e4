import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { systemClock } from '../../src/base/clock.ts';
import { loadConfig } from '../../src/config/load.ts';
import { followFront } from '../../src/front/follow.ts';
import { findProcesses } from '../../src/main/front-plan.ts';
import { TestCluster } from '../cluster/test-cluster.ts';
import { skipWithoutNats } from '../support/nats.ts';
import type { RunningServer } from '../support/running-server.ts';
import { MIB } from './bytes.ts';
import { type Behind, FrontWorld } from './front-world.ts';
import { needs, PROGRAMS, type ProgramName } from './programs.ts';
import { Visitor } from './visitor.ts';

/** A room is served again within so long, whatever happened to a process. */
const SERVED_WITHIN_MS = 15_000;

/** Every role once. */
const ROLES = [
  ['client', 'rooms', 'push', 'appservice', 'maintenance', 'doctor'],
  ['sync', 'initial-sync'],
  ['media', 'federation-in', 'federation-out'],
];

function reason(program: ProgramName): string | false {
  if (process.env.COPSE_TEST_POSTGRES === undefined) return 'there is no PostgreSQL';
  return skipWithoutNats || needs(program).skip;
}

/** Processes that are one server, and a front that was told of them by one of them. */
async function clustered(t: TestContext, program: ProgramName, roles: readonly (readonly string[])[]) {
  const cluster = await TestCluster.start(roles.length, { roles });
  t.after(() => cluster[Symbol.asyncDispose]());
  const told = cluster.processes[0] ?? assert.fail();
  const addresses = cluster.processes.map(({ url }) => new URL(url).host).sort();
  let living = await behind(told);
  // A process says where it listens with its next sign of life.
  for (let left = 100; left > 0 && living.length < addresses.length; left--) {
    await wait(100);
    living = await behind(told);
  }
  assert.deepEqual(living.map(({ recorder }) => recorder.address).sort(), addresses);
  return { cluster, world: await FrontWorld.open(t, program, living) };
}

/** What `copse front` takes for the processes behind it. */
async function behind({ dataDir }: RunningServer): Promise<readonly Behind[]> {
  const config = loadConfig({ data: dataDir }, { config: undefined, data: undefined, noColor: true });
  const processes = await findProcesses(config, undefined);
  return processes.map(({ name, address, roles }) => ({ recorder: { name, address }, roles }));
}

/** Keeps a front up to date as `copse front --follow` does, until the test is over. */
function follow(t: TestContext, world: FrontWorld, told: RunningServer): void {
  const ending = new AbortController();
  const following = followFront(
    {
      clock: systemClock,
      wanted: async () => world.text(await behind(told)),
      install: text => world.install(text),
      say: words => t.diagnostic(words),
    },
    ending.signal,
  );
  t.after(() => {
    ending.abort();
    return following;
  });
}

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
    while (!(await allAnswer())) assert.ok(performance.now() - began < SERVED_WITHIN_MS, 'some room is not served');
    t.diagnostic(`every room is served again after ${Math.round(performance.now() - began)} ms`);
    await second.restart();
    while (!world.configuration.includes(` ${new URL(second.url).host} `)) await wait(100);
    assert.ok(await allAnswer());
  });
}
