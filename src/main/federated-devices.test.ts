import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomKey } from '../../test/support/keys.ts';
import { newDevice } from '../../test/support/remote-devices.ts';
import { refuse, ServerWorld } from '../../test/support/server-world.ts';
import { signed } from '../../test/support/signed-requests.ts';
import type { Client, WholeServer } from '../../test/support/whole-server.ts';
import type { Identity } from '../core/identity.ts';
import type { UserId } from '../core/ids.ts';
import { getArray, getObject, type JsonObject } from '../core/json.ts';

const ALGORITHM = 'signed_curve25519';

/** Publishes keys of a user's device, and gives its ID with them. */
async function publish(
  user: Client,
): Promise<{ readonly id: string; readonly keys: JsonObject; readonly one_time_keys: JsonObject }> {
  const id = String((await user.ok('GET', '/v3/account/whoami')).device_id);
  const { keys, sign } = newDevice(user.id as UserId, id);
  const one_time_keys = { [`${ALGORITHM}:A`]: sign({ key: randomKey() }) };
  await user.ok('POST', '/v3/keys/upload', { device_keys: keys, one_time_keys });
  await user.ok('PUT', `/v3/devices/${id}`, { display_name: 'A phone' });
  return { id, keys, one_time_keys };
}

/** Sends a transaction as another server does. */
async function transact(from: Identity, to: WholeServer, txnId: string, edus: JsonObject[]): Promise<number> {
  const uri = `/_matrix/federation/v1/send/${txnId}`;
  const body = { origin: from.serverName, origin_server_ts: 1, pdus: [], edus };
  const response = await fetch(`${to.url}${uri}`, {
    method: 'PUT',
    headers: { authorization: signed(from, 'one.example', 'PUT', uri, body), 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  await response.body?.cancel();
  return response.status;
}

async function messagesTo(user: Client): Promise<unknown[]> {
  const { to_device = {} } = await user.ok('GET', '/v3/sync');
  return (getArray(to_device as JsonObject, 'events') ?? []).map(event => (event as JsonObject).content);
}

test('keys of a user of another server are asked for, and one that is down is named', async t => {
  const world = new ServerWorld();
  const [one, two] = [await world.server(t, 'one.example'), await world.server(t, 'two.example')];
  const [alice, bob] = [await one.user('alice'), await two.user('bob')];
  const device = await publish(bob);
  const wanted = { device_keys: { [bob.id]: [], [alice.id]: [], '@x:gone.example': [] }, timeout: 5000 };
  const { device_keys = {}, failures = {} } = await alice.ok('POST', '/v3/keys/query', wanted);
  const ofBob = getObject(getObject(device_keys as JsonObject, bob.id) ?? {}, device.id);
  assert.deepEqual(ofBob, { ...device.keys, unsigned: { device_display_name: 'A phone' } });
  assert.deepEqual(Object.keys(failures as JsonObject), ['gone.example']);
  const claim = { one_time_keys: { [bob.id]: { [device.id]: ALGORITHM }, '@x:gone.example': { A: ALGORITHM } } };
  const claimed = await alice.ok('POST', '/v3/keys/claim', claim);
  assert.deepEqual(claimed.one_time_keys, { [bob.id]: { [device.id]: device.one_time_keys } });
  assert.deepEqual(Object.keys(claimed.failures as JsonObject), ['gone.example']);
  assert.deepEqual(
    world.carried
      .filter(({ uri }) => uri.includes('/user/'))
      .map(({ to, uri }) => [to, uri.split('/user/')[1]])
      .sort(),
    [
      ['gone.example', 'keys/claim'],
      ['gone.example', 'keys/query'],
      ['two.example', 'keys/claim'],
      ['two.example', 'keys/query'],
    ],
  );
});

test('messages to devices arrive from another server, once each', async t => {
  const world = new ServerWorld();
  const one = await world.server(t, 'one.example');
  const peer = await world.peer(t, 'two.example', (_, response) => refuse(response, 404, 'M_UNRECOGNIZED'));
  const alice = await one.user('alice');
  const message = (messageId: string, n: number, sender = '@dora:two.example'): JsonObject => ({
    edu_type: 'm.direct_to_device',
    content: { sender, type: 'm.test', message_id: messageId, messages: { [alice.id]: { '*': { n } } } },
  });
  const edus = [
    message('a', 1),
    { edu_type: 'm.unknown', content: {} },
    message('b', 2),
    message('c', 3, '@x:three.example'),
  ];
  for (const txnId of ['1', '1', '2']) assert.equal(await transact(peer, one, txnId, edus), 200);
  assert.deepEqual(await messagesTo(alice), [{ n: 1 }, { n: 2 }]);
  await one.stop();
  await one.start();
  await transact(peer, one, '3', [message('b', 2), message('d', 4)]);
  assert.deepEqual(await messagesTo(alice), [{ n: 1 }, { n: 2 }, { n: 4 }], 'also after a restart');
});

interface DeviceLists {
  readonly changed: readonly string[];
  readonly left: readonly string[];
}

/** What a user's sync says of device lists since a token, and the next token. */
async function listsSince(user: Client, since: string): Promise<DeviceLists & { readonly next: string }> {
  const { device_lists = {}, next_batch } = await user.ok('GET', `/v3/sync?since=${since}`);
  const names = (key: string) => [...(getArray(device_lists as JsonObject, key) ?? [])].map(String).sort();
  return { changed: names('changed'), left: names('left'), next: String(next_batch) };
}

const tokenOf = async (user: Client) => String((await user.ok('GET', '/v3/sync')).next_batch);

test('whoever joins from another server is told as changed, and their devices are asked for once', async t => {
  const world = new ServerWorld();
  const [one, two] = [await world.server(t, 'one.example'), await world.server(t, 'two.example')];
  const [alice, bob] = [await one.user('alice'), await two.user('bob')];
  const [phone, laptop] = [await publish(alice), await publish(bob)];
  const { room_id: room } = await alice.ok('POST', '/v3/createRoom', { preset: 'public_chat' });
  const [ofAlice, ofBob] = [await tokenOf(alice), await tokenOf(bob)];
  await bob.ok('POST', `/v3/join/${encodeURIComponent(String(room))}?via=one.example`);
  const told = await listsSince(alice, ofAlice);
  assert.deepEqual([told.changed, told.left], [[bob.id], []]);
  assert.deepEqual((await listsSince(bob, ofBob)).changed, [alice.id, bob.id]);
  for (const [user, other, device] of [
    [alice, bob.id, laptop],
    [bob, alice.id, phone],
  ] as const) {
    for (let round = 0; round < 2; round++) {
      const { device_keys = {} } = await user.ok('POST', '/v3/keys/query', { device_keys: { [other]: [] } });
      assert.deepEqual(Object.keys(getObject(device_keys as JsonObject, other) ?? {}), [device.id]);
    }
  }
  const asked = world.carried.flatMap(({ to, uri }) => (uri.includes('/user/devices/') ? [to] : []));
  assert.deepEqual(asked, ['two.example', 'one.example']);
  await alice.ok('POST', `/v3/rooms/${encodeURIComponent(String(room))}/leave`);
  assert.deepEqual((await listsSince(alice, told.next)).left, [bob.id]);
  const before = world.carried.length;
  await alice.ok('POST', '/v3/keys/query', { device_keys: { [bob.id]: [] } });
  const since = world.carried.slice(before).map(({ uri }) => uri);
  assert.ok(
    since.some(uri => uri.endsWith('/keys/query')),
    'a stranger is asked about each time',
  );
});

test('changes of devices soon after a join are told, though nobody has asked for the list', async t => {
  const world = new ServerWorld();
  const [one, two] = [await world.server(t, 'one.example'), await world.server(t, 'two.example')];
  const [alice, bob] = [await one.user('alice'), await two.user('bob')];
  const { room_id: room } = await bob.ok('POST', '/v3/createRoom', { preset: 'public_chat' });
  await alice.ok('POST', `/v3/join/${encodeURIComponent(String(room))}?via=two.example`);
  let since = await tokenOf(alice);
  const soon = AbortSignal.timeout(120_000);
  const hear = async () => {
    for (let told: readonly string[] = []; !told.includes(bob.id); soon.throwIfAborted()) {
      const { changed, next } = await listsSince(alice, `${since}&timeout=1000`);
      [told, since] = [changed, next];
    }
  };
  const { id } = await publish(bob);
  await hear();
  for (const name of ['laptop', 'phone']) {
    await bob.ok('PUT', `/v3/devices/${id}`, { display_name: name });
    await hear();
  }
  assert.ok(!world.carried.some(({ uri }) => uri.includes('/user/devices/')), 'the list was not asked for');
});
