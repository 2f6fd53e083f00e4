import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { statusText } from '../../src/cli/status-text.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { askControl } from '../../src/main/control.ts';
import { skipWithoutNats } from '../support/nats.ts';
import { assertTook } from '../support/slowness.ts';
import { ClusterUser, ephemeralOf, timelineOf } from './cluster-user.ts';
import { Talk } from './talk.ts';
import { CONNECTIONS, TestCluster } from './test-cluster.ts';

const enc = encodeURIComponent;
const skip = skipWithoutNats || (process.env.COPSE_TEST_POSTGRES === undefined && 'there is no PostgreSQL');

/** Longer than a process lives that says nothing. */
const FROZEN_MS = 15_000;
/** A room is served again within so long, whatever happened to a process. */
const SERVED_WITHIN_MS = 15_000;

/** Users at different processes in one room. */
async function people(cluster: TestCluster, count: number) {
  const users: ClusterUser[] = [];
  for (let at = 0; at < count; at++) users.push(await ClusterUser.register(cluster.processes, at, `user${at}`));
  const [first] = users as [ClusterUser];
  const made = await first.ok('POST', '/v3/createRoom', { preset: 'public_chat' });
  const room = String(made.room_id);
  for (const user of users) await user.ok('POST', `/v3/join/${enc(room)}`);
  return { users, room };
}

/** What one process does another hears over the bus, at once but not before the answer; without a word it would be a minute. */
async function atAWord(check: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await check();
      return;
    } catch (error) {
      if (tries === 20) throw error;
      await wait(100);
    }
  }
}

test('what is done at one process is seen at the others', { skip }, async () => {
  await using cluster = await TestCluster.start(3);
  const { users, room } = await people(cluster, 3);
  const [alice, bob, carol] = users as [ClusterUser, ClusterUser, ClusterUser];
  let since = String((await carol.ok('GET', '/v3/sync')).next_batch);
  /** Syncs until an answer shows it. */
  const shows = async (what: RegExp): Promise<JsonObject> => {
    for (;;) {
      const answer = await carol.ok('GET', `/v3/sync?timeout=10000&since=${enc(since)}`, undefined, 20_000);
      assert.notEqual(since, answer.next_batch, `nothing more comes, and ${what} did not`);
      since = String(answer.next_batch);
      if (what.test(JSON.stringify(answer))) return answer;
    }
  };
  const { event_id: id } = await alice.ok('PUT', `/v3/rooms/${enc(room)}/send/m.room.message/1`, {
    msgtype: 'm.text',
    body: 'secret',
  });
  const seen = await shows(/secret/);
  assert.deepEqual(
    timelineOf(seen, room).map(event => event.event_id),
    [id],
  );

  // A long poll that waits already is woken by what is no event.
  const types = shows(/m\.typing/);
  await bob.ok('PUT', `/v3/rooms/${enc(room)}/typing/${enc(bob.id)}`, { typing: true, timeout: 20_000 });
  const typing = ephemeralOf(await types, room).find(({ type }) => type === 'm.typing');
  assert.deepEqual(typing?.content, { user_ids: [bob.id] });
  const hears = shows(/"hello":"carol"/);
  const message = { messages: { [carol.id]: { '*': { hello: 'carol' } } } };
  await bob.ok('PUT', '/v3/sendToDevice/m.test/1', message);
  await hears;

  // What was cached where it was read is not shown there any more once it was redacted elsewhere.
  const at = `/v3/rooms/${enc(room)}/event/${enc(String(id))}`;
  assert.match(JSON.stringify(await carol.ok('GET', at)), /secret/);
  await alice.ok('PUT', `/v3/rooms/${enc(room)}/redact/${enc(String(id))}/2`, {});
  await atAWord(async () => assert.doesNotMatch(JSON.stringify(await carol.ok('GET', at)), /secret/));

  // Nor is a session known any more that ended elsewhere.
  const elsewhere = bob.elsewhere(2);
  await elsewhere.ok('GET', '/v3/account/whoami');
  await bob.ok('POST', '/v3/logout');
  await atAWord(() => assert.rejects(elsewhere.ok('GET', '/v3/account/whoami'), /M_UNKNOWN_TOKEN/));
});

test('a process does what its roles name, and the others the rest', { skip }, async () => {
  const front = ['client', 'sync', 'initial-sync', 'media', 'federation-in'];
  const behind = ['rooms', 'federation-out', 'push', 'appservice', 'maintenance', 'doctor'];
  await using cluster = await TestCluster.start(2, { roles: [front, behind] });
  const alice = await ClusterUser.register(cluster.processes.slice(0, 1), 0, 'alice');
  await alice.ok('GET', '/v3/sync');
  let status = '';
  while (!/process-1.*shard 0-15/.test(status)) {
    await wait(200);
    const told = await askControl(cluster.processes[0]?.dataDir ?? '');
    status = told === undefined ? '' : statusText(told);
  }
  assert.match(
    status,
    /process-0 at http.*client, sync, initial-sync, media, federation-in: (no work of its own|placement)$/m,
  );
  assert.match(status, /process-1 at http.*rooms, .*doctor: .*push.*shard 0-15/);
  assert.doesNotMatch(status, /nobody does/);
  const [, second] = cluster.processes;
  const refused = await fetch(`${second?.url}/_matrix/client/v3/sync`);
  assert.equal(refused.status, 404);
  assert.equal(((await refused.json()) as JsonObject).errcode, 'M_UNRECOGNIZED');
});

test('processes come and go under load: no other restarts, and nobody waits', { skip }, async t => {
  await using cluster = await TestCluster.start(2);
  const pids = cluster.processes.map(({ pid }) => pid);
  const { users, room } = await people(cluster, 2);
  // Nobody is killed here: who is answered late, by a machine that is busy, was not refused.
  const talk = new Talk(room, 30_000);
  for (const [at, user] of users.entries()) {
    talk.write(user, 100);
    talk.read(user.elsewhere(at + 1), `reader ${at}`);
  }
  const looked = new AbortController();
  const connections = cluster.mostConnections(looked.signal);
  await talk.isServed();
  const more = [await cluster.add('process-2'), await cluster.add('process-3')];
  await talk.isServed();
  for (const server of more) await server.stop();
  await talk.isServed();
  await talk.check();
  looked.abort();
  const most = await connections;
  // The one of the test itself may be open and idle.
  assert.ok(most <= CONNECTIONS + 1, `${most} connections`);
  assert.equal(talk.retries, 0, 'somebody was refused');
  assert.deepEqual(
    cluster.processes.map(({ pid }) => pid),
    pids,
  );
  t.diagnostic(`${talk.count} messages, ${most} connections`);
});

test('processes may be killed and may sleep, and the bus may go: nothing is lost, doubled or out of order', {
  skip,
}, async t => {
  await using cluster = await TestCluster.start(3);
  const { users, room } = await people(cluster, 3);
  const talk = new Talk(room);
  for (const [at, user] of users.entries()) {
    talk.write(user, 100);
    talk.read(user.elsewhere(at + 1), `reader ${at}`);
  }
  const within = async (what: string) => {
    const began = performance.now();
    await talk.isServed();
    const took = performance.now() - began;
    t.diagnostic(`${what}: served again after ${Math.round(took)} ms`);
    assertTook(took, SERVED_WITHIN_MS, what);
  };
  await within('at the beginning');
  for (const [at, server] of cluster.processes.entries()) {
    await server.kill9();
    await within(`process ${at} killed`);
    await server.restart();
  }
  const [, frozen] = cluster.processes;
  const before = frozen?.log.length ?? 0;
  frozen?.freeze();
  await within('a process frozen');
  await wait(FROZEN_MS);
  frozen?.thaw();
  await within('it goes on');
  await cluster.nats.kill();
  await within('without a bus');
  await cluster.nats.start();
  await within('with a bus again');
  cluster.cable.cut();
  await within('a process cut off from the database');
  await wait(FROZEN_MS);
  cluster.cable.mend();
  await within('it is back');
  await talk.check();
  assert.match(frozen?.log.slice(before) ?? '', /held this process for dead/);
  t.diagnostic(`${talk.count} messages`);
});
