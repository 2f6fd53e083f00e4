import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { KeysWorld, randomKey } from '../../test/support/keys.ts';
import type { JsonObject } from '../core/json.ts';
import { deviceListStreamId, ownDeviceListChanges } from './device-list.table.ts';
import { otkCounts, unusedFallbackTypes } from './key-counts.ts';

onEachDatabase('an upload is found by a query, with the name of the device', async (db, t) => {
  const world = new KeysWorld(db, t);
  const alice = await world.device('alice', 'PHONE', "Alice's phone");
  const bob = await world.device('bob', 'LAPTOP');
  const answer = await alice.call('POST', '/keys/upload', {
    device_keys: alice.deviceKeys({ unsigned: { device_display_name: 'forged' } }),
    one_time_keys: alice.oneTimeKeys('A', 'B'),
  });
  assert.deepEqual(answer, { status: 200, body: { one_time_key_counts: { signed_curve25519: 2 } } });
  const found = await bob.query(alice.userId);
  const phone = (found.device_keys as { [user: string]: JsonObject })[alice.userId]?.PHONE;
  assert.deepEqual(phone, { ...alice.deviceKeys(), unsigned: { device_display_name: "Alice's phone" } });
  assert.deepEqual(found.failures, {});
});

onEachDatabase('a user without keys is in the answer with none, an unwanted device is not', async (db, t) => {
  const world = new KeysWorld(db, t);
  const [phone, laptop] = [await world.device('alice', 'PHONE'), await world.device('alice', 'LAPTOP')];
  await phone.publish();
  await laptop.publish();
  const wanted = { [phone.userId]: ['LAPTOP'], '@nobody:copse.example': [], 'no user ID': [] };
  const { body } = await phone.call('POST', '/keys/query', { device_keys: wanted });
  const devices = body.device_keys as { [user: string]: JsonObject };
  assert.deepEqual(Object.keys(devices), [phone.userId, '@nobody:copse.example']);
  assert.deepEqual(Object.keys(devices[phone.userId] ?? {}), ['LAPTOP']);
  assert.deepEqual(devices['@nobody:copse.example'], {});
});

onEachDatabase('users of other servers are failures when nobody can ask them', async (db, t) => {
  const alice = await new KeysWorld(db, t).device('alice', 'PHONE');
  const { body } = await alice.call('POST', '/keys/query', { device_keys: { '@eve:far.example': [] } });
  assert.deepEqual(Object.keys(body.failures as JsonObject), ['far.example']);
  assert.deepEqual(body.device_keys, {});
});

onEachDatabase('N085: malformed device keys are refused before they break anything', async (db, t) => {
  const alice = await new KeysWorld(db, t).device('alice', 'PHONE');
  const good = alice.deviceKeys();
  const keys = good.keys as JsonObject;
  const bad: { [why: string]: unknown } = {
    'not an object': [],
    null: null,
    'only names': { user_id: alice.userId, device_id: 'PHONE' },
    'no signatures': { ...good, signatures: undefined },
    'signatures of the wrong type': { ...good, signatures: { [alice.userId]: 'x' } },
    'a signature that is a number': { ...good, signatures: { [alice.userId]: { 'ed25519:PHONE': 1 } } },
    'algorithms of the wrong type': alice.deviceKeys({ algorithms: 'm.olm' }),
    'an algorithm that is null': alice.deviceKeys({ algorithms: [null] }),
    'keys of the wrong type': alice.deviceKeys({ keys: [] }),
    'a key that is an object': alice.deviceKeys({ keys: { ...keys, 'curve25519:PHONE': {} } }),
    'a short key': alice.deviceKeys({ keys: { ...keys, 'curve25519:PHONE': 'AAAA' } }),
    'a key of another device': alice.deviceKeys({ keys: { ...keys, 'curve25519:LAPTOP': randomKey() } }),
    'a key without an algorithm': alice.deviceKeys({ keys: { ...keys, ':PHONE': randomKey() } }),
    'no ed25519 key': alice.deviceKeys({ keys: { 'curve25519:PHONE': randomKey() } }),
    'a float': { ...good, extra: 1.5 },
    'too much': { ...good, extra: 'x'.repeat(40_000) },
  };
  for (const [why, device_keys] of Object.entries(bad)) {
    const answer = await alice.call('POST', '/keys/upload', { device_keys } as JsonObject);
    assert.equal(answer.status, 400, why);
    if (why === 'only names') assert.equal(answer.body.errcode, 'M_BAD_JSON');
  }
  const { body } = await alice.call('POST', '/keys/query', { device_keys: { [alice.userId]: [] } });
  assert.deepEqual(body.device_keys, { [alice.userId]: {} });
});

onEachDatabase(
  "N158: others' keys, replaced keys, endless algorithms and wrong signatures are refused",
  async (db, t) => {
    const world = new KeysWorld(db, t);
    const alice = await world.device('alice', 'PHONE');
    const bob = await world.device('bob', 'LAPTOP');
    await alice.publish();
    const signedByBob = { ...alice.bareDeviceKeys(), signatures: bob.deviceKeys().signatures ?? null };
    const replaced = alice.deviceKeys({
      keys: { ...(alice.bareDeviceKeys().keys as JsonObject), 'curve25519:PHONE': randomKey() },
    });
    const flipped = alice.deviceKeys({ algorithms: [] });
    const uploads: [string, typeof alice, JsonObject][] = [
      ["another user's keys", bob, alice.deviceKeys()],
      ["another device's keys", alice, alice.deviceKeys({ device_id: 'LAPTOP' })],
      ['a replaced identity key', alice, replaced],
      ['keys without their signature in place of signed ones', alice, { ...alice.bareDeviceKeys(), signatures: {} }],
      ['a signature by somebody else', alice, signedByBob],
      [
        '100,000 algorithms',
        alice,
        alice.deviceKeys({ algorithms: Array.from({ length: 100_000 }, (_, i) => `a${i}`) }),
      ],
      ['a signature over something else', alice, { ...flipped, algorithms: ['m.other'] }],
    ];
    for (const [why, device, device_keys] of uploads) {
      assert.equal((await device.call('POST', '/keys/upload', { device_keys })).status, 400, why);
    }
    const found = await bob.query(alice.userId);
    const phone = (found.device_keys as { [user: string]: { [device: string]: JsonObject } })[alice.userId]?.PHONE;
    assert.deepEqual(phone?.keys, alice.bareDeviceKeys().keys);
  },
);

onEachDatabase('unsigned keys may be replaced, and the algorithms of signed ones', async (db, t) => {
  const world = new KeysWorld(db, t);
  const alice = await world.device('alice', 'PHONE');
  const bare = () => ({
    ...alice.bareDeviceKeys({ keys: { 'ed25519:PHONE': randomKey(), 'curve25519:PHONE': randomKey() } }),
    signatures: {},
  });
  for (const device_keys of [bare(), bare(), alice.deviceKeys(), alice.deviceKeys({ algorithms: ['m.new'] })]) {
    assert.equal((await alice.call('POST', '/keys/upload', { device_keys })).status, 200);
  }
  assert.equal(world.announced.length, 4);
  const same = await alice.call('POST', '/keys/upload', { device_keys: alice.deviceKeys({ algorithms: ['m.new'] }) });
  assert.equal(same.status, 200);
  assert.equal(world.announced.length, 4, 'the same keys again are no news');
});

onEachDatabase('a change is in the own log under a new position, one-time keys are not', async (db, t) => {
  const world = new KeysWorld(db, t);
  const alice = await world.device('alice', 'PHONE');
  const { userNid } = alice.requester;
  assert.equal(await deviceListStreamId(db, userNid), 0);
  await alice.publish('A');
  const pos = await deviceListStreamId(db, userNid);
  assert.ok(pos > 0);
  assert.deepEqual(await ownDeviceListChanges(db, userNid, 0, pos), [userNid]);
  assert.deepEqual(await ownDeviceListChanges(db, userNid, pos, pos + 10), []);
  await alice.call('POST', '/keys/upload', { one_time_keys: alice.oneTimeKeys('B') });
  assert.equal(await deviceListStreamId(db, userNid), pos);
  assert.deepEqual(world.announced, [userNid]);
});

onEachDatabase('one-time keys: the same again is fine, another of the same name is not', async (db, t) => {
  const alice = await new KeysWorld(db, t).device('alice', 'PHONE');
  await alice.publish();
  const keys = alice.oneTimeKeys('A', 'B');
  for (let i = 0; i < 2; i++) {
    const answer = await alice.call('POST', '/keys/upload', { one_time_keys: keys });
    assert.deepEqual(answer.body, { one_time_key_counts: { signed_curve25519: 2 } });
  }
  const other = { ...alice.oneTimeKeys('A'), ...alice.oneTimeKeys('C') };
  const clash = await alice.call('POST', '/keys/upload', { one_time_keys: other });
  assert.equal(clash.status, 400);
  assert.equal(clash.body.errcode, 'M_UNKNOWN');
  assert.match(String(clash.body.error), /One time key signed_curve25519:A already exists/);
  const counts = await otkCounts(db, alice.requester.userNid, 'PHONE');
  assert.deepEqual(counts, { signed_curve25519: 2 }, 'nothing of the refused upload was stored');
});

onEachDatabase('one-time keys are counted by algorithm and bounded', async (db, t) => {
  const alice = await new KeysWorld(db, t).device('alice', 'PHONE');
  const { userNid } = alice.requester;
  assert.deepEqual(await otkCounts(db, userNid, 'PHONE'), { signed_curve25519: 0 });
  const ids = (from: number) => Array.from({ length: 100 }, (_, at) => `K${from + at}`);
  const upload = (from: number) =>
    alice.call('POST', '/keys/upload', { one_time_keys: alice.oneTimeKeys(...ids(from)) });
  await upload(0);
  assert.equal((await upload(100)).status, 200);
  assert.equal((await upload(200)).status, 400);
  await alice.call('POST', '/keys/upload', { one_time_keys: { 'curve25519:A': randomKey() } });
  assert.deepEqual(await otkCounts(db, userNid, 'PHONE'), { signed_curve25519: 200 });
});

onEachDatabase('N160: forged and malformed fallback and one-time keys are refused', async (db, t) => {
  const world = new KeysWorld(db, t);
  const alice = await world.device('alice', 'PHONE');
  const mallory = await world.device('mallory', 'PHONE');
  await alice.publish();
  const [good] = Object.values(alice.oneTimeKeys('A')) as JsonObject[];
  const bad: { [why: string]: JsonObject } = {
    'signed by somebody else': mallory.oneTimeKeys('A'),
    'another key under a good signature': { 'signed_curve25519:A': { ...good, key: randomKey() } },
    unsigned: { 'signed_curve25519:A': { key: randomKey(), signatures: {} } },
    'a string': { 'signed_curve25519:A': randomKey() },
    'no key ID': { signed_curve25519: { ...good } },
    'a float': { 'signed_curve25519:A': { ...good, weight: 0.5 } },
  };
  for (const field of ['one_time_keys', 'fallback_keys']) {
    for (const [why, keys] of Object.entries(bad)) {
      const answer = await alice.call('POST', '/keys/upload', { [field]: keys });
      assert.equal(answer.status, 400, `${field}: ${why}`);
    }
  }
  const two = await alice.call('POST', '/keys/upload', { fallback_keys: alice.oneTimeKeys('A', 'B') });
  assert.equal(two.status, 400, 'two fallback keys of one algorithm');
  assert.deepEqual(await unusedFallbackTypes(db, alice.requester.userNid, 'PHONE'), []);
  assert.equal(await mallory.claim(alice), undefined);
});

onEachDatabase('a device that may not have keys', async (db, t) => {
  const world = new KeysWorld(db, t);
  const alice = await world.device('alice', 'PHONE');
  const bridge = { ...alice.requester, deviceId: undefined };
  await assert.rejects(world.keys.upload.upload(bridge, {}), { errcode: 'M_INVALID_PARAM' });
});

onEachDatabase('keys/changes hands its tokens on', async (db, t) => {
  const alice = await new KeysWorld(db, t).device('alice', 'PHONE');
  const answer = await alice.call('GET', '/keys/changes?from=s1&to=s2');
  assert.deepEqual(answer.body, { changed: [alice.userId], left: ['@s1.s2:copse.example'] });
  assert.equal((await alice.call('GET', '/keys/changes?from=s1')).body.errcode, 'M_MISSING_PARAM');
});
