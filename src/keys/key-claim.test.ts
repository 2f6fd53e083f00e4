import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { KeysWorld } from '../../test/support/keys.ts';
import { otkCounts, unusedFallbackTypes } from './key-counts.ts';

onEachDatabase('keys are handed out in the order of their upload, then not at all', async (db, t) => {
  const world = new KeysWorld(db, t);
  const [alice, bob] = [await world.device('alice', 'PHONE'), await world.device('bob', 'LAPTOP')];
  await alice.publish('Z');
  await alice.call('POST', '/keys/upload', { one_time_keys: alice.oneTimeKeys('A') });
  assert.equal(await bob.claim(alice), 'signed_curve25519:Z');
  assert.equal(await bob.claim(alice), 'signed_curve25519:A');
  const body = { one_time_keys: { [alice.userId]: { PHONE: 'signed_curve25519' }, '@x:far.example': { A: 'x' } } };
  const empty = await bob.call('POST', '/keys/claim', body);
  assert.deepEqual(empty.body.one_time_keys, {}, 'whoever has no key is left out');
  assert.deepEqual(Object.keys(empty.body.failures as object), ['far.example']);
});

onEachDatabase('N159: a one-time key is handed out once, however many ask at the same time', async (db, t) => {
  const world = new KeysWorld(db, t);
  const phone = await world.device('alice', 'PHONE');
  const laptop = await world.device('alice', 'LAPTOP');
  const bob = await world.device('bob', 'LAPTOP');
  const ids = Array.from({ length: 20 }, (_, at) => `K${at}`);
  await phone.publish(...ids);
  await laptop.publish(...ids);
  const request = { one_time_keys: { [phone.userId]: { PHONE: 'signed_curve25519', LAPTOP: 'signed_curve25519' } } };
  const answers = await Promise.all(Array.from({ length: 25 }, () => bob.call('POST', '/keys/claim', request)));
  const claimed: string[] = [];
  for (const { status, body } of answers) {
    assert.equal(status, 200);
    const ofUser = (body.one_time_keys as { [user: string]: { [device: string]: object } })[phone.userId] ?? {};
    for (const [device, key] of Object.entries(ofUser)) claimed.push(`${device} ${Object.keys(key)[0]}`);
  }
  assert.equal(claimed.length, 40, 'every key was handed out');
  assert.equal(new Set(claimed).size, 40, 'none of them twice');
});

onEachDatabase('N159: an upload repeated after a claim does not bring the key back', async (db, t) => {
  const world = new KeysWorld(db, t);
  const [alice, bob] = [await world.device('alice', 'PHONE'), await world.device('bob', 'LAPTOP')];
  await alice.publish();
  const upload = { one_time_keys: alice.oneTimeKeys('A') };
  await alice.call('POST', '/keys/upload', upload);
  assert.equal(await bob.claim(alice), 'signed_curve25519:A');
  const again = await alice.call('POST', '/keys/upload', upload);
  assert.deepEqual(again.body, { one_time_key_counts: { signed_curve25519: 0 } });
  assert.equal(await bob.claim(alice), undefined);
  await alice.call('POST', '/keys/upload', { one_time_keys: alice.oneTimeKeys('A') });
  assert.equal(await bob.claim(alice), 'signed_curve25519:A', 'a new key may have the ID of a claimed one');
});

onEachDatabase('the fallback key is given when nothing else is left, and is then no longer unused', async (db, t) => {
  const world = new KeysWorld(db, t);
  const [alice, bob] = [await world.device('alice', 'PHONE'), await world.device('bob', 'LAPTOP')];
  const { userNid } = alice.requester;
  await alice.publish('A');
  const fallback_keys = alice.oneTimeKeys('F1');
  await alice.call('POST', '/keys/upload', { fallback_keys });
  assert.deepEqual(await unusedFallbackTypes(db, userNid, 'PHONE'), ['signed_curve25519']);
  assert.equal(await bob.claim(alice), 'signed_curve25519:A');
  assert.deepEqual(await unusedFallbackTypes(db, userNid, 'PHONE'), ['signed_curve25519']);
  for (let i = 0; i < 2; i++) assert.equal(await bob.claim(alice), 'signed_curve25519:F1');
  assert.deepEqual(await unusedFallbackTypes(db, userNid, 'PHONE'), []);
  assert.deepEqual(await otkCounts(db, userNid, 'PHONE'), { signed_curve25519: 0 });

  await alice.call('POST', '/keys/upload', { fallback_keys });
  assert.deepEqual(await unusedFallbackTypes(db, userNid, 'PHONE'), [], 'the same key again stays used');
  await alice.call('POST', '/keys/upload', { fallback_keys: alice.oneTimeKeys('F2') });
  assert.deepEqual(await unusedFallbackTypes(db, userNid, 'PHONE'), ['signed_curve25519']);
  assert.equal(await bob.claim(alice), 'signed_curve25519:F2');
});

onEachDatabase('a device called __proto__ is a device', async (db, t) => {
  const world = new KeysWorld(db, t);
  const alice = await world.device('alice', '__proto__');
  await alice.publish('A');
  const claimed = await world.keys.claim.claimLocal(
    JSON.parse(`{"${alice.userId}":{"__proto__":"signed_curve25519"}}`),
  );
  assert.match(JSON.stringify(claimed), /"__proto__":\{"signed_curve25519:A"/);
  const { deviceKeys } = await world.keys.query.queryLocal(new Map([[alice.userId, []]]), undefined);
  assert.deepEqual(Object.keys(deviceKeys[alice.userId] ?? {}), ['__proto__']);
});
