import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { findProcesses, frontPlan } from '../../src/main/front-plan.ts';
import { TestCluster } from '../cluster/test-cluster.ts';
import { skipWithoutNats } from '../support/nats.ts';
import type { RunningServer } from '../support/running-server.ts';
import { MIB } from './bytes.ts';
import { FrontWorld } from './front-world.ts';
import { needs, PROGRAMS, type ProgramName } from './programs.ts';
import { Visitor } from './visitor.ts';

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

/** Three processes that are one server, and a front that was told of them by one of them. */
async function clustered(t: TestContext, program: ProgramName): Promise<FrontWorld> {
  const cluster = await TestCluster.start(ROLES.length, ROLES);
  t.after(() => cluster[Symbol.asyncDispose]());
  const living = await found(cluster.processes[0] ?? assert.fail());
  assert.deepEqual(
    living.map(({ address }) => address).sort(),
    cluster.processes.map(({ url }) => new URL(url).host).sort(),
  );
  return FrontWorld.open(
    t,
    program,
    living.map(({ name, address, roles }) => ({ recorder: { name, address }, roles })),
  );
}

/** What `copse front` takes for the processes behind it. */
async function found({ dataDir }: RunningServer) {
  const from = { config: undefined, data: undefined, noColor: true };
  const config = loadConfig({ data: dataDir }, from);
  const processes = await findProcesses(config, undefined);
  assert.equal((await frontPlan(config, processes)).processes, processes);
  return processes;
}

for (const program of PROGRAMS) {
  test(`${program}: three processes with different roles are one server`, { skip: reason(program) }, async t => {
    const world = await clustered(t, program);
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
}
