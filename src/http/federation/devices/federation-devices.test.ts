import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { KeysWorld, nameOf, newIdentity, SERVER } from '../../../../test/support/keys.ts';
import { federationServer } from '../../../../test/support/signed-requests.ts';
import type { ServerName } from '../../../core/ids.ts';
import type { JsonObject } from '../../../core/json.ts';
import { signJson } from '../../../core/signatures.ts';
import { federationDeviceRoutes } from './routes.ts';

type ByDevice = { readonly [userId: string]: { readonly [deviceId: string]: JsonObject } };

/** The endpoints, with who asks left to other tests. */
function serving(t: TestContext, { db, nids, keys }: KeysWorld) {
  const routes = federationDeviceRoutes({ db, nids, serverName: SERVER, keys });
  const { app } = federationServer(t, routes, async request => {
    request.body();
    return 'two.example' as ServerName;
  });
  return async (method: 'GET' | 'POST', path: string, body?: JsonObject) => {
    const url = `/_matrix/federation/v1/user${path}`;
    const answer = await app.inject({ method, url, ...(body && { payload: JSON.stringify(body) }) });
    return { status: answer.statusCode, body: answer.json() as JsonObject };
  };
}

onEachDatabase(
  'the device list of a user has all devices with keys, and the number of the last change',
  async (db, t) => {
    const world = new KeysWorld(db, t);
    const ask = serving(t, world);
    const [phone, laptop] = [await world.device('alice', 'PHONE', 'My phone'), await world.device('alice', 'LAPTOP')];
    await world.device('alice', 'TV', 'no keys');
    await phone.publish();
    const before = await ask('GET', `/devices/${phone.userId}`);
    await laptop.publish();
    const identity = newIdentity(phone.userId);
    world.auth.passes = true;
    assert.equal((await phone.call('POST', '/keys/device_signing/upload', identity.upload)).status, 200);
    const { status, body } = await ask('GET', `/devices/${encodeURIComponent(phone.userId)}`);
    assert.equal(status, 200);
    assert.equal(body.user_id, phone.userId);
    assert.ok(Number(before.body.stream_id) > 0);
    assert.ok(Number(body.stream_id) > Number(before.body.stream_id));
    assert.deepEqual(
      (body.devices as JsonObject[])
        .map(({ device_id, device_display_name }) => [device_id, device_display_name])
        .sort(),
      [
        ['LAPTOP', undefined],
        ['PHONE', 'My phone'],
      ],
    );
    const ofPhone = (body.devices as JsonObject[]).find(device => device.device_id === 'PHONE');
    assert.deepEqual(ofPhone?.keys, phone.deviceKeys(), 'as uploaded, so that the signature holds');
    assert.deepEqual(Object.keys((body.master_key as JsonObject).keys ?? {}), [`ed25519:${nameOf(identity.master)}`]);
    assert.deepEqual(body.self_signing_key, identity.upload.self_signing_key);
    assert.equal(body.user_signing_key, undefined);
  },
);

onEachDatabase('of a user who does not exist the list is empty', async (db, t) => {
  const ask = serving(t, new KeysWorld(db, t));
  const { status, body } = await ask('GET', `/devices/@nobody:${SERVER}`);
  assert.deepEqual([status, body], [200, { user_id: `@nobody:${SERVER}`, stream_id: 0, devices: [] }]);
});

onEachDatabase('N099 only users of this server are answered for', async (db, t) => {
  const world = new KeysWorld(db, t);
  const ask = serving(t, world);
  const alice = await world.device('alice', 'PHONE');
  await alice.publish('A');
  for (const user of ['@dora:two.example', `@alice:${SERVER}:1`, 'alice', `@alice:x${SERVER}`]) {
    const { status, body } = await ask('GET', `/devices/${encodeURIComponent(user)}`);
    assert.deepEqual([status, body.errcode], [400, 'M_INVALID_PARAM'], user);
  }
  const asked = { [alice.userId]: [], '@dora:two.example': [], '@emil:three.example': ['A'], x: [] };
  const { body } = await ask('POST', '/keys/query', { device_keys: asked });
  assert.deepEqual(Object.keys(body.device_keys ?? {}), [alice.userId]);
  const wanted = { [alice.userId]: { PHONE: 'signed_curve25519' }, '@dora:two.example': { A: 'signed_curve25519' } };
  const claimed = await ask('POST', '/keys/claim', { one_time_keys: wanted });
  assert.deepEqual(Object.keys(claimed.body.one_time_keys ?? {}), [alice.userId]);
});

onEachDatabase('another server sees no signature that only somebody else made', async (db, t) => {
  const world = new KeysWorld(db, t);
  const ask = serving(t, world);
  const [alice, bob] = [await world.device('alice', 'PHONE', 'Phone'), await world.device('bob', 'LAPTOP')];
  const [ofAlice, ofBob] = [newIdentity(alice.userId), newIdentity(bob.userId)];
  world.auth.passes = true;
  for (const [device, identity] of [
    [alice, ofAlice],
    [bob, ofBob],
  ] as const) {
    await device.publish();
    await device.call('POST', '/keys/device_signing/upload', identity.upload);
  }
  const master = ofAlice.upload.master_key as JsonObject;
  const signed = signJson(master, bob.userId, ofBob.userSigning);
  const upload = await bob.call('POST', '/keys/signatures/upload', {
    [alice.userId]: { [nameOf(ofAlice.master)]: signed },
  });
  assert.deepEqual(upload.body.failures, {});
  const { body } = await ask('POST', '/keys/query', { device_keys: { [alice.userId]: [], [bob.userId]: ['OTHER'] } });
  const masterKeys = body.master_keys as { [user: string]: JsonObject };
  assert.deepEqual(masterKeys[alice.userId]?.signatures ?? {}, {});
  const devices = body.device_keys as ByDevice;
  assert.deepEqual(devices[alice.userId]?.PHONE?.unsigned, { device_display_name: 'Phone' });
  assert.deepEqual(devices[bob.userId], {}, 'only the devices that were asked for');
  assert.equal('user_signing_keys' in body, false);
});

onEachDatabase('one-time keys go to other servers once each, then the fallback key', async (db, t) => {
  const world = new KeysWorld(db, t);
  const ask = serving(t, world);
  const alice = await world.device('alice', 'PHONE');
  await alice.publish('A');
  await alice.call('POST', '/keys/upload', { fallback_keys: alice.oneTimeKeys('F') });
  const wanted = { one_time_keys: { [alice.userId]: { PHONE: 'signed_curve25519', GONE: 'signed_curve25519' } } };
  for (const id of ['A', 'F', 'F']) {
    const { body } = await ask('POST', '/keys/claim', wanted);
    const claimed = (body.one_time_keys as ByDevice)[alice.userId];
    assert.deepEqual(Object.keys(claimed ?? {}), ['PHONE']);
    assert.deepEqual(Object.keys(claimed?.PHONE ?? {}), [`signed_curve25519:${id}`]);
  }
  assert.equal(await alice.claim(alice), 'signed_curve25519:F', 'none is left for our own users');
});

onEachDatabase('what is malformed or too much is refused', async (db, t) => {
  const ask = serving(t, new KeysWorld(db, t));
  const users = Array.from({ length: 1001 }, (_, at) => `@u${at}:${SERVER}`);
  const many = (value: JsonObject[string]) => Object.fromEntries(users.map(user => [user, value]));
  const devices = Object.fromEntries(users.map(user => [user, 'signed_curve25519']));
  for (const [path, body] of [
    ['/keys/query', {}],
    ['/keys/query', { device_keys: [] }],
    ['/keys/query', { device_keys: { '@a:b': 'x' } }],
    ['/keys/query', { device_keys: many([]) }],
    ['/keys/claim', {}],
    ['/keys/claim', { one_time_keys: { '@a:b': ['x'] } }],
    ['/keys/claim', { one_time_keys: { '@a:b': { A: 1 } } }],
    ['/keys/claim', { one_time_keys: many({}) }],
    ['/keys/claim', { one_time_keys: { '@a:b': devices } }],
  ] as const) {
    assert.equal((await ask('POST', path, body as JsonObject)).status, 400, path);
  }
});
