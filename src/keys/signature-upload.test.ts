import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import {
  crossSigningKey,
  KeysWorld,
  nameOf,
  newIdentity,
  selfNamedKey,
  type TestDevice,
} from '../../test/support/keys.ts';
import type { UserId } from '../core/ids.ts';
import { getObject, type JsonObject } from '../core/json.ts';
import { signJson } from '../core/signatures.ts';
import { ownDeviceListChanges } from './device-list.table.ts';
import type { RemoteKeys } from './ports.ts';

type ByUser = { [userId: string]: JsonObject };

async function withIdentity(device: TestDevice) {
  const identity = newIdentity(device.userId);
  await device.publish();
  await device.call('POST', '/keys/device_signing/upload', identity.upload);
  return identity;
}

const upload = async (device: TestDevice, body: JsonObject) => {
  const answer = await device.call('POST', '/keys/signatures/upload', body);
  assert.equal(answer.status, 200);
  return answer.body.failures as { [user: string]: { [key: string]: JsonObject } };
};

const masterOf = async (viewer: TestDevice, userId: string) =>
  ((await viewer.query(userId)).master_keys as ByUser)[userId]?.signatures as ByUser | undefined;

onEachDatabase('the self-signing key signs a device, for all to see', async (db, t) => {
  const world = new KeysWorld(db, t);
  const [alice, bob] = [await world.device('alice', 'PHONE'), await world.device('bob', 'LAPTOP')];
  const { selfSigning } = await withIdentity(alice);
  const news = world.announced.length;
  const signed = signJson(alice.bareDeviceKeys(), alice.userId, selfSigning);
  assert.deepEqual(await upload(alice, { [alice.userId]: { PHONE: signed } }), {});
  assert.equal(world.announced.length, news + 1);
  assert.deepEqual(await upload(alice, { [alice.userId]: { PHONE: signed } }), {});
  assert.equal(world.announced.length, news + 1, 'the same signature again is no news');
  const devices = (await bob.query(alice.userId)).device_keys as { [user: string]: { [device: string]: JsonObject } };
  const signatures = devices[alice.userId]?.PHONE?.signatures as ByUser;
  assert.deepEqual(Object.keys(signatures[alice.userId] ?? {}).sort(), ['ed25519:PHONE', selfSigning.keyId].sort());
});

onEachDatabase('a device signs its master key', async (db, t) => {
  const world = new KeysWorld(db, t);
  const [alice, bob] = [await world.device('alice', 'PHONE'), await world.device('bob', 'LAPTOP')];
  const { master, upload: keys } = await withIdentity(alice);
  const signed = alice.sign(keys.master_key as JsonObject);
  assert.deepEqual(await upload(alice, { [alice.userId]: { [nameOf(master)]: signed } }), {});
  assert.deepEqual(await masterOf(bob, alice.userId), signed.signatures);
});

onEachDatabase("another's master key is signed for the signer's eyes only", async (db, t) => {
  const world = new KeysWorld(db, t);
  const [alice, bob, carol] = [
    await world.device('alice', 'PHONE'),
    await world.device('bob', 'LAPTOP'),
    await world.device('carol', 'TABLET'),
  ];
  const { userSigning } = await withIdentity(alice);
  const bobs = await withIdentity(bob);
  const news = world.announced.length;
  const signed = signJson(bobs.upload.master_key as JsonObject, alice.userId, userSigning);
  assert.deepEqual(await upload(alice, { [bob.userId]: { [nameOf(bobs.master)]: signed } }), {});
  assert.deepEqual(await masterOf(alice, bob.userId), signed.signatures);
  assert.equal(await masterOf(bob, bob.userId), undefined, 'not even the signed user sees it');
  assert.equal(await masterOf(carol, bob.userId), undefined);
  assert.equal(world.announced.length, news, 'no room hears of it');
  const changes = await ownDeviceListChanges(db, alice.requester.userNid, 0, Number.MAX_SAFE_INTEGER);
  assert.ok(changes.includes(bob.requester.userNid), "the signer's devices do");
});

onEachDatabase('the master key of a user of another server is signed against what that server says', async (db, t) => {
  const far = '@dora:far.example' as UserId;
  const master = selfNamedKey();
  const key = crossSigningKey(far, 'master', master);
  const remoteKeys: RemoteKeys = {
    query: async wanted => {
      const masterKeys = wanted.has(far) ? { [far]: key } : {};
      return { deviceKeys: {}, masterKeys, selfSigningKeys: {}, failures: {} };
    },
    claim: async () => ({ oneTimeKeys: {}, failures: {} }),
  };
  const world = new KeysWorld(db, t, { remoteKeys });
  const [alice, bob] = [await world.device('alice', 'PHONE'), await world.device('bob', 'LAPTOP')];
  const { userSigning } = await withIdentity(alice);
  const signed = signJson(key, alice.userId, userSigning);
  assert.deepEqual(await upload(alice, { [far]: { [nameOf(master)]: signed } }), {});
  assert.deepEqual(await masterOf(alice, far), signed.signatures);
  assert.equal(await masterOf(bob, far), undefined);
});

onEachDatabase('N161: signatures that are wrong fail one by one and are not stored', async (db, t) => {
  const world = new KeysWorld(db, t);
  const [alice, bob] = [await world.device('alice', 'PHONE'), await world.device('bob', 'LAPTOP')];
  const laptop = await world.device('alice', 'LAPTOP');
  await laptop.publish();
  const own = await withIdentity(alice);
  const bobs = await withIdentity(bob);
  const bobsMaster = bobs.upload.master_key as JsonObject;
  const bySelf = (object: JsonObject) => signJson(object, alice.userId, own.selfSigning);
  const good = bySelf(alice.bareDeviceKeys());
  const overlong = { [alice.userId]: { [own.selfSigning.keyId]: 'A'.repeat(50_000) } };
  const failures = await upload(alice, {
    [alice.userId]: {
      PHONE: good,
      LAPTOP: bySelf({ ...laptop.bareDeviceKeys(), algorithms: ['m.weak'] }),
      NOSUCH: bySelf({ ...alice.bareDeviceKeys(), device_id: 'NOSUCH' }),
      [nameOf(own.master)]: bySelf(own.upload.master_key as JsonObject),
    },
    [bob.userId]: {
      LAPTOP: bySelf(bob.bareDeviceKeys()),
      [nameOf(bobs.master)]: signJson(bobsMaster, alice.userId, own.selfSigning),
    },
    'no user ID': { KEY: { a: 1 } },
    '@eve:far.example': { KEY: signJson({ a: 1 }, alice.userId, own.userSigning) },
  });
  const errcodes = Object.entries(failures).flatMap(([user, keys]) =>
    Object.entries(keys).map(([key, error]) => [user, key, error.errcode]),
  );
  assert.deepEqual(errcodes, [
    [alice.userId, 'LAPTOP', 'M_INVALID_SIGNATURE'],
    [alice.userId, 'NOSUCH', 'M_NOT_FOUND'],
    [alice.userId, nameOf(own.master), 'M_INVALID_SIGNATURE'],
    [bob.userId, 'LAPTOP', 'M_NOT_FOUND'],
    [bob.userId, nameOf(bobs.master), 'M_INVALID_SIGNATURE'],
    ['no user ID', 'KEY', 'M_BAD_JSON'],
    ['@eve:far.example', 'KEY', 'M_NOT_FOUND'],
  ]);
  const second = await upload(alice, {
    [alice.userId]: { PHONE: { ...alice.bareDeviceKeys(), signatures: overlong } },
    [bob.userId]: { [nameOf(bobs.master)]: { ...bobsMaster, signatures: 'x' } },
  });
  assert.equal(getObject(second, alice.userId) !== undefined && getObject(second, bob.userId) !== undefined, true);
  const devices = (await bob.query(alice.userId)).device_keys as { [user: string]: { [device: string]: JsonObject } };
  assert.deepEqual(devices[alice.userId]?.PHONE?.signatures, {
    [alice.userId]: {
      ...(alice.deviceKeys().signatures as ByUser)[alice.userId],
      ...(good.signatures as ByUser)[alice.userId],
    },
  });
  assert.deepEqual(devices[alice.userId]?.LAPTOP?.signatures, laptop.deviceKeys().signatures);
  assert.equal(await masterOf(alice, bob.userId), undefined);
});

onEachDatabase('a device that goes takes its keys and its signatures with it', async (db, t) => {
  const world = new KeysWorld(db, t);
  const [alice, bob] = [await world.device('alice', 'PHONE'), await world.device('bob', 'LAPTOP')];
  const { master, upload: keys } = await withIdentity(alice);
  await alice.call('POST', '/keys/upload', {
    one_time_keys: alice.oneTimeKeys('A'),
    fallback_keys: alice.oneTimeKeys('F'),
  });
  await upload(alice, { [alice.userId]: { [nameOf(master)]: alice.sign(keys.master_key as JsonObject) } });
  await bob.call('PUT', '/sendToDevice/m.test/1', { messages: { [alice.userId]: { PHONE: { a: 1 } } } });
  const { userNid } = alice.requester;
  const news = world.announced.length;
  await db.tx(tx => world.keys.deviceFollower.deviceRemoved(tx, userNid, ['PHONE']));
  assert.equal(world.announced.length, news + 1);
  assert.deepEqual((await bob.query(alice.userId)).device_keys, { [alice.userId]: {} });
  assert.equal(await masterOf(bob, alice.userId), undefined);
  assert.equal(await bob.claim(alice), undefined);
  assert.deepEqual((await world.keys.toDevice.after(db, userNid, 'PHONE', 0, 1000)).events, []);
  await db.tx(tx => world.keys.deviceFollower.accountClosed(tx, userNid));
  assert.deepEqual((await bob.query(alice.userId)).master_keys, {});
});
