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
import type { JsonObject } from '../core/json.ts';
import { signJson } from '../core/signatures.ts';

type ByUser = { [userId: string]: JsonObject };

const upload = (device: TestDevice, body: JsonObject) => device.call('POST', '/keys/device_signing/upload', body);

onEachDatabase('three keys go in without a password, and out to those who may see them', async (db, t) => {
  const world = new KeysWorld(db, t);
  const [alice, bob] = [await world.device('alice', 'PHONE'), await world.device('bob', 'LAPTOP')];
  await alice.publish();
  const identity = newIdentity(alice.userId);
  const master_key = alice.sign(identity.upload.master_key as JsonObject);
  assert.deepEqual(await upload(alice, { ...identity.upload, master_key }), { status: 200, body: {} });
  assert.equal(world.auth.asked, 0);

  const own = await alice.query(alice.userId);
  assert.deepEqual((own.master_keys as ByUser)[alice.userId], master_key, 'with the signature of the device');
  assert.deepEqual((own.self_signing_keys as ByUser)[alice.userId], identity.upload.self_signing_key);
  assert.deepEqual((own.user_signing_keys as ByUser)[alice.userId], identity.upload.user_signing_key);
  const other = await bob.query(alice.userId);
  assert.deepEqual((other.master_keys as ByUser)[alice.userId], master_key);
  assert.deepEqual(other.self_signing_keys, own.self_signing_keys);
  assert.deepEqual(other.user_signing_keys, {}, 'the user-signing key is for its owner');
});

onEachDatabase('N160: another master key needs proof, the same keys again do not', async (db, t) => {
  const world = new KeysWorld(db, t);
  const alice = await world.device('alice', 'PHONE');
  const first = newIdentity(alice.userId);
  await upload(alice, first.upload);
  const news = world.announced.length;
  assert.equal((await upload(alice, first.upload)).status, 200);
  assert.equal(world.announced.length, news, 'the same keys are no news');
  assert.equal(world.auth.asked, 0);

  const reset = newIdentity(alice.userId);
  const onlyUserSigning = newIdentity(alice.userId, first.master).upload.user_signing_key ?? null;
  for (const body of [reset.upload, { user_signing_key: onlyUserSigning }]) {
    assert.equal((await upload(alice, body)).status, 401);
  }
  assert.equal(world.auth.asked, 2);
  assert.deepEqual(((await alice.query(alice.userId)).master_keys as ByUser)[alice.userId], first.upload.master_key);

  world.auth.passes = true;
  assert.equal((await upload(alice, reset.upload)).status, 200);
  assert.equal(world.auth.used, 1, 'the proof is used up');
  assert.deepEqual(((await alice.query(alice.userId)).master_keys as ByUser)[alice.userId], reset.upload.master_key);
});

onEachDatabase('N160: a refused upload does not use up the proof', async (db, t) => {
  const world = new KeysWorld(db, t);
  const alice = await world.device('alice', 'PHONE');
  await upload(alice, newIdentity(alice.userId).upload);
  world.auth.passes = true;
  const { upload: body } = newIdentity(alice.userId);
  const answer = await upload(alice, {
    ...body,
    self_signing_key: newIdentity(alice.userId).upload.self_signing_key ?? null,
  });
  assert.equal(answer.body.errcode, 'M_INVALID_SIGNATURE');
  const [row] = [await world.keys.query.queryLocal(new Map([[alice.userId, []]]), alice.requester)];
  assert.notDeepEqual(row.masterKeys[alice.userId], body.master_key);
});

onEachDatabase('keys that are not what they should be are refused', async (db, t) => {
  const world = new KeysWorld(db, t);
  const alice = await world.device('alice', 'PHONE');
  const { upload: good, selfSigning, master } = newIdentity(alice.userId);
  const key = good.master_key as JsonObject;
  const stranger = selfNamedKey();
  const { master_key: _, ...withoutMaster } = good;
  const bad: { [why: string]: [JsonObject, string] } = {
    'no master key': [withoutMaster, 'M_MISSING_PARAM'],
    'a self-signing key that nobody signed': [
      { ...good, self_signing_key: crossSigningKey(alice.userId, 'self_signing', selfSigning) },
      'M_INVALID_SIGNATURE',
    ],
    'a self-signing key that another key signed': [
      {
        ...good,
        self_signing_key: signJson(crossSigningKey(alice.userId, 'self_signing', selfSigning), alice.userId, stranger),
      },
      'M_INVALID_SIGNATURE',
    ],
    'a key of somebody else': [
      { master_key: crossSigningKey('@bob:copse.example', 'master', master) },
      'M_INVALID_PARAM',
    ],
    'a key for something else': [
      { master_key: crossSigningKey(alice.userId, 'self_signing', master) },
      'M_INVALID_PARAM',
    ],
    'two keys': [
      { master_key: { ...key, keys: { ...(key.keys as JsonObject), [stranger.keyId]: nameOf(stranger) } } },
      'M_BAD_JSON',
    ],
    'a key under another name': [{ master_key: { ...key, keys: { [stranger.keyId]: nameOf(master) } } }, 'M_BAD_JSON'],
    'a string': [{ master_key: 'key' }, 'M_BAD_JSON'],
  };
  for (const [why, [body, errcode]] of Object.entries(bad)) {
    const answer = await upload(alice, body);
    assert.deepEqual([answer.status, answer.body.errcode], [400, errcode], why);
  }
  assert.deepEqual((await alice.query(alice.userId)).master_keys, {});
});

onEachDatabase('the ID of a device is no cross-signing key, and the other way round', async (db, t) => {
  const world = new KeysWorld(db, t);
  const alice = await world.device('alice', 'PHONE');
  const master = selfNamedKey();
  const twin = await world.device('alice', nameOf(master));
  assert.equal((await upload(alice, newIdentity(alice.userId, master).upload)).status, 403);
  const other = newIdentity(alice.userId);
  await upload(alice, other.upload);
  const late = await world.device('alice', nameOf(other.selfSigning));
  assert.equal((await late.call('POST', '/keys/upload', { device_keys: late.deviceKeys() })).status, 403);
  const { deviceFollower } = world.keys;
  assert.equal(await deviceFollower.isReservedDeviceId(db, alice.requester.userNid, late.id), true);
  assert.equal(await deviceFollower.isReservedDeviceId(db, alice.requester.userNid, twin.id), false);
});

onEachDatabase('a new master key takes the place of everything that hung on the old one', async (db, t) => {
  const world = new KeysWorld(db, t);
  const alice = await world.device('alice', 'PHONE');
  await alice.publish();
  const old = newIdentity(alice.userId);
  await upload(alice, old.upload);
  const signed = signJson(alice.bareDeviceKeys(), alice.userId, old.selfSigning);
  await alice.call('POST', '/keys/signatures/upload', { [alice.userId]: { PHONE: signed } });
  world.auth.passes = true;
  await upload(alice, { master_key: newIdentity(alice.userId).upload.master_key ?? null });
  const found = await alice.query(alice.userId);
  assert.deepEqual([found.self_signing_keys, found.user_signing_keys], [{}, {}]);
  const phone = (found.device_keys as ByUser)[alice.userId]?.PHONE as JsonObject;
  assert.deepEqual(phone.signatures, alice.deviceKeys().signatures);
});

onEachDatabase('public keys are announced to the rooms, the user-signing key to the own devices', async (db, t) => {
  const world = new KeysWorld(db, t);
  const alice = await world.device('alice', 'PHONE');
  const identity = newIdentity(alice.userId);
  await upload(alice, { master_key: identity.upload.master_key ?? null });
  assert.equal(world.announced.length, 1);
  world.auth.passes = true;
  await upload(alice, { user_signing_key: identity.upload.user_signing_key ?? null });
  assert.equal(world.announced.length, 1);
  await upload(alice, { self_signing_key: identity.upload.self_signing_key ?? null });
  assert.equal(world.announced.length, 2);
});

onEachDatabase('an appservice needs no password', async (db, t) => {
  const world = new KeysWorld(db, t);
  const alice = await world.device('alice', 'PHONE');
  await upload(alice, newIdentity(alice.userId).upload);
  Object.assign(alice.requester, { appservice: { id: 'bridge', rateLimited: false } });
  assert.equal((await upload(alice, newIdentity(alice.userId).upload)).status, 200);
  assert.equal(world.auth.asked, 0);
});
