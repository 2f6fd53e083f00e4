import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { crossSigningKey, newIdentity, selfNamedKey } from '../../../test/support/keys.ts';
import { keysOfDevice, RemoteDevicesWorld, RemoteUser } from '../../../test/support/remote-devices.ts';
import { DORA, EMIL } from '../../../test/support/remote-events.ts';
import { ALICE, newRoom } from '../../../test/support/rooms.ts';
import type { UserId } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import { signJson } from '../../core/signatures.ts';
import { bytesOfLists, usersWithLists } from './remote-device-list.table.ts';

onEachDatabase('changes that follow each other are made without asking, and told to clients', async db => {
  const world = new RemoteDevicesWorld(db);
  const [room, other] = [await world.shared(DORA), await newRoom(world.rooms)];
  await world.query(DORA);
  await world.told(room, DORA);
  await world.receive(world.dora.change('NEW', { device_display_name: 'New one' }));
  assert.ok(await world.told(room, DORA));
  assert.equal(await world.told(other, DORA), false, 'only where Dora is');
  const { deviceKeys } = await world.query(DORA);
  assert.deepEqual(deviceKeys[DORA]?.NEW?.unsigned, { device_display_name: 'New one' });
  await world.receive(world.dora.delete('PHONE'), world.dora.change('NEW'), world.dora.change('LAPTOP'));
  assert.ok(await world.told(room, DORA));
  assert.deepEqual(await world.devicesOf(DORA), ['LAPTOP', 'NEW']);
  const { keys: _, ...withoutKeys } = world.dora.change('LAPTOP');
  await world.receive(withoutKeys);
  assert.deepEqual(await world.devicesOf(DORA), ['NEW'], 'a device without keys is none to encrypt for');
  assert.equal(world.asked.length, 1);
  assert.ok((await bytesOfLists(db)) > 500);
});

onEachDatabase('what changes nothing is told to nobody', async db => {
  const world = new RemoteDevicesWorld(db);
  const room = await world.shared(DORA);
  await world.query(DORA);
  await world.told(room, DORA);
  const update = world.dora.change('PHONE');
  await world.receive(update);
  await world.query(DORA);
  await world.told(room, DORA);
  await world.receive(update);
  await world.receive({ ...update, stream_id: ++world.dora.streamId, prev_id: [update.stream_id ?? 0] });
  assert.equal(await world.told(room, DORA), false);
  await world.devicesOf(DORA);
  assert.equal(world.asked.length, 1);
});

onEachDatabase('changes that were on their way when the list was asked for are among what was answered', async db => {
  const world = new RemoteDevicesWorld(db);
  const room = await world.shared(DORA);
  const onTheirWay = [world.dora.change('A'), world.dora.delete('PHONE'), world.dora.change('B')];
  await world.query(DORA);
  await world.told(room, DORA);
  await world.receive(...onTheirWay);
  assert.equal(await world.told(room, DORA), false);
  await world.receive(world.dora.change('C'));
  assert.deepEqual(await world.devicesOf(DORA), ['A', 'B', 'C', 'LAPTOP']);
  assert.equal(world.asked.length, 1);
  // A server that lost what it had counts from an earlier number.
  world.dora.streamId = 2;
  await world.receive(world.dora.change('D'));
  assert.deepEqual(await world.devicesOf(DORA), ['A', 'B', 'C', 'D', 'LAPTOP']);
  await world.receive(world.dora.change('E'));
  assert.deepEqual(await world.devicesOf(DORA), ['A', 'B', 'C', 'D', 'E', 'LAPTOP']);
  assert.equal(world.asked.length, 2);
});

onEachDatabase('until a client asks again, further changes are told ten times at most', async db => {
  const world = new RemoteDevicesWorld(db);
  const room = await world.shared(DORA);
  await world.query(DORA);
  await world.told(room, DORA);
  for (let n = 0; n < 10; n++) {
    await world.receive(world.dora.change(`A${n}`));
    assert.ok(await world.told(room, DORA));
  }
  for (let n = 0; n < 20; n++) await world.receive(world.dora.change(`B${n}`));
  assert.equal(await world.told(room, DORA), false, 'whoever was told asks, and gets all of it');
  assert.equal((await world.devicesOf(DORA)).length, 32);
  await world.receive(world.dora.change('C'));
  assert.ok(await world.told(room, DORA));
});

onEachDatabase('N091 a flood of changes with gaps costs one request, after a while', async db => {
  const world = new RemoteDevicesWorld(db);
  const room = await world.shared(DORA);
  await world.query(DORA);
  await world.told(room, DORA);
  world.asked.length = 0;
  for (let n = 0; n < 50; n++) {
    world.dora.streamId += 3;
    await world.receive(world.dora.change('X'), { ...world.dora.change('Y'), prev_id: [] });
  }
  await world.askWanted();
  assert.deepEqual(world.asked, [], 'more may come');
  world.clock.advance(2000);
  await world.askWanted();
  await world.askWanted();
  world.clock.advance(60_000);
  await world.askWanted();
  assert.equal(world.asked.length, 1);
  assert.deepEqual(await world.devicesOf(DORA), ['LAPTOP', 'PHONE', 'X', 'Y']);
  assert.equal(world.asked.length, 1, 'it is there when a client asks');
});

onEachDatabase('a change that is malformed makes the list doubtful, whatever else it says', async db => {
  const world = new RemoteDevicesWorld(db);
  await world.shared(DORA);
  await world.query(DORA);
  for (const broken of [
    { keys: keysOfDevice(DORA, 'OTHER') },
    { keys: keysOfDevice(EMIL, 'PHONE') },
    { keys: 'x' },
    { keys: {} },
    { stream_id: 3 },
    { prev_id: 'x' },
    { prev_id: [world.dora.streamId - 1] },
  ]) {
    await world.receive({ ...world.dora.change('PHONE'), ...(broken as JsonObject) });
    assert.equal((await world.row(DORA))?.stale, 1, JSON.stringify(broken).slice(0, 80));
    assert.deepEqual(await world.devicesOf(DORA), ['LAPTOP', 'PHONE']);
    assert.equal((await world.row(DORA))?.stale, 0);
  }
});

onEachDatabase('N088 changes of users of other servers, and of ours, are dropped', async db => {
  const world = new RemoteDevicesWorld(db);
  const third = '@third:three.example' as UserId;
  world.users.set(third, new RemoteUser(third, 'A'));
  const room = await world.shared(DORA, third);
  await world.query(DORA, third);
  await world.told(room, third);
  for (const user of [third, ALICE, '@dora:two.example:8448', 'dora', 3]) {
    const about = { user_id: user, device_id: 'A', stream_id: 6, prev_id: [5], deleted: true };
    await world.receive(about, { user_id: user, master_key: newIdentity(String(user)).upload.master_key ?? {} });
  }
  assert.equal(await world.told(room, third), false);
  assert.equal(await world.told(room, ALICE), false);
  assert.deepEqual(await world.devicesOf(third), ['A']);
  assert.equal((await world.row(third))?.stale, 0);
});

onEachDatabase('of users with whom we share no room nothing is kept', async db => {
  const world = new RemoteDevicesWorld(db);
  await world.shared(DORA);
  const emil = new RemoteUser(EMIL);
  await world.rooms.db.tx(tx => world.rooms.nids.users.internOne(tx, EMIL));
  for (let n = 0; n < 10; n++) await world.receive(emil.change(`D${n}`), { user_id: EMIL, master_key: {} });
  await world.receive({ ...emil.change('X'), user_id: '@never-heard-of:two.example' });
  assert.deepEqual(await usersWithLists(db, 0, 10), []);
  assert.equal(await world.rooms.nids.users.findOne(db, '@never-heard-of:two.example' as UserId), undefined);
});

onEachDatabase('changes of a list that nobody has asked for yet are told, not kept', async db => {
  const world = new RemoteDevicesWorld(db);
  const room = await world.shared(DORA);
  await world.told(room, DORA);
  for (let n = 0; n < 5; n++) await world.receive(world.dora.change(`D${n}`));
  assert.ok(await world.told(room, DORA));
  assert.equal(await bytesOfLists(db), 0);
  world.clock.advance(10_000);
  await world.askWanted();
  assert.deepEqual(world.asked, [], 'nobody wants it');
  assert.equal((await world.devicesOf(DORA)).length, 7);
  await world.receive(world.dora.change('E'));
  assert.ok(await world.told(room, DORA));
});

onEachDatabase('a device without keys is no news of a list that nobody has asked for', async db => {
  const world = new RemoteDevicesWorld(db);
  const room = await world.shared(DORA);
  await world.told(room, DORA);
  const { keys: _, ...keyless } = world.dora.change('A');
  await world.receive(keyless);
  assert.equal(await world.told(room, DORA), false, 'those who come into a room send such ones');
  await world.receive({ ...keyless, deleted: true });
  assert.ok(await world.told(room, DORA));
});

onEachDatabase('a list that grows without end is given up', async db => {
  const world = new RemoteDevicesWorld(db);
  await world.shared(DORA);
  const base = JSON.stringify(keysOfDevice(DORA, 'DEVICE'));
  const named = (id: string) => JSON.parse(base.replaceAll('DEVICE', id)) as JsonObject;
  world.dora.devices.clear();
  for (let n = 0; n < 999; n++) world.dora.devices.set(`D${n}`, named(`D${n}`));
  assert.equal((await world.devicesOf(DORA)).length, 999);
  for (let n = 0; n < 5; n++) await world.receive(world.dora.change(`N${n}`));
  assert.equal((await world.row(DORA))?.stale, 1);
  assert.equal((await world.devicesOf(DORA)).length, 1000);
});

onEachDatabase('new cross-signing keys are taken and told', async db => {
  const world = new RemoteDevicesWorld(db);
  const room = await world.shared(DORA);
  await world.query(DORA);
  await world.told(room, DORA);
  const next = newIdentity(DORA);
  const { master_key = {}, self_signing_key = {} } = next.upload;
  await world.receive({ user_id: DORA, master_key, self_signing_key });
  assert.ok(await world.told(room, DORA));
  let answer = await world.query(DORA);
  assert.deepEqual([answer.masterKeys[DORA], answer.selfSigningKeys[DORA]], [master_key, self_signing_key]);
  await world.receive({ user_id: DORA, master_key, self_signing_key });
  assert.equal(await world.told(room, DORA), false, 'the same again');
  const again = selfNamedKey();
  const alone = signJson(crossSigningKey(DORA, 'self_signing', again), DORA, next.master);
  await world.receive({ user_id: DORA, self_signing_key: alone });
  answer = await world.query(DORA);
  assert.deepEqual([answer.masterKeys[DORA], answer.selfSigningKeys[DORA]], [master_key, alone]);
  await world.receive({ user_id: DORA, master_key: newIdentity(DORA).upload.master_key ?? {} });
  answer = await world.query(DORA);
  assert.deepEqual(answer.selfSigningKeys, {}, 'what the old master key has signed is worth nothing');
  assert.equal(world.asked.length, 1);
});

onEachDatabase("N092 cross-signing keys that are another user's or wrongly signed are not stored", async db => {
  const world = new RemoteDevicesWorld(db);
  const room = await world.shared(DORA);
  const before = await world.query(DORA);
  await world.told(room, DORA);
  const [next, emils] = [newIdentity(DORA).upload, newIdentity(EMIL).upload];
  const large = { ...(next.master_key as JsonObject), more: 'x'.repeat(20_000) };
  for (const content of [
    { master_key: emils.master_key, self_signing_key: emils.self_signing_key },
    { self_signing_key: next.self_signing_key },
    { master_key: next.master_key, self_signing_key: newIdentity(DORA).upload.self_signing_key },
    { master_key: next.self_signing_key },
    { master_key: next.user_signing_key },
    { master_key: large },
    { master_key: { ...(next.master_key as JsonObject), keys: { 'ed25519:abc': 'def' } } },
    { master_key: null, self_signing_key: null },
    { master_key: 'x' },
    {},
  ]) {
    await world.receive({ user_id: DORA, ...(content as JsonObject) });
    assert.equal(await world.told(room, DORA), false, JSON.stringify(content).slice(0, 100));
  }
  assert.deepEqual(await world.query(DORA), before);
});

onEachDatabase("of the signatures of a master key those of the user's own devices are kept", async db => {
  const world = new RemoteDevicesWorld(db);
  await world.shared(DORA);
  const { master_key } = world.dora.identity.upload;
  const own = { [DORA]: { 'ed25519:PHONE': 'c2lnbmF0dXJl' } };
  const signatures = { ...own, [ALICE]: { 'ed25519:forged': 'c2lnbmF0dXJl' } };
  world.instead = () => ({ ...world.dora.list, master_key: { ...(master_key as JsonObject), signatures } });
  const { masterKeys } = await world.query(DORA);
  assert.deepEqual(masterKeys[DORA]?.signatures, own);
});
