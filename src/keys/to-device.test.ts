import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { KeysWorld, SERVER, type TestDevice } from '../../test/support/keys.ts';
import type { UserId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { Database } from '../db/database.ts';
import { sql } from '../db/sql.ts';
import { userPos, userSubject } from '../rooms/user-log.table.ts';
import { DEFAULT_LIMITS, type ToDeviceLimits } from './inbox-limits.ts';
import type { OutgoingToDevice } from './ports.ts';
import { waitingBytes } from './to-device.table.ts';
import { ToDevice } from './to-device.ts';
import type { ToDeviceMessages } from './to-device-messages.ts';

const send = (from: TestDevice, txn: string, messages: JsonObject, type = 'm.test') =>
  from.call('PUT', `/sendToDevice/${type}/${txn}`, { messages });

async function inbox(world: KeysWorld, device: TestDevice, after = 0) {
  const { userNid } = device.requester;
  return world.keys.toDevice.after(world.db, userNid, device.id, after, await userPos(world.db, userNid));
}

const contents = async (world: KeysWorld, device: TestDevice) =>
  (await inbox(world, device)).events.map(event => event.content);

async function small(db: Database, world: KeysWorld, limits: Partial<ToDeviceLimits>): Promise<ToDevice> {
  return new ToDevice({ ...world.parts, db }, { ...DEFAULT_LIMITS, ...limits });
}

onEachDatabase('messages arrive once for each transaction, in order, until they are acknowledged', async (db, t) => {
  const world = new KeysWorld(db, t);
  const [alice, bob] = [await world.device('alice', 'PHONE'), await world.device('bob', 'LAPTOP')];
  const woken: string[] = [];
  using _ = world.parts.bus.subscribe(userSubject(bob.requester.userNid), message => woken.push(message));
  const message = (n: number): JsonObject => ({ [bob.userId]: { LAPTOP: { n }, NOSUCH: { n } } });
  for (let i = 0; i < 2; i++) assert.deepEqual((await send(alice, '1', message(1))).body, {});
  await send(alice, '2', message(2));
  await send(alice, '2', message(3), 'm.other');
  assert.equal(woken.length, 3);
  const batch = await inbox(world, bob);
  const event = (n: number, type = 'm.test') => ({ sender: alice.userId, type, content: { n } });
  assert.deepEqual(batch.events, [event(1), event(2), event(3, 'm.other')]);
  assert.equal(batch.more, false);
  assert.deepEqual((await inbox(world, bob, batch.upTo)).events, []);

  await world.keys.toDevice.acknowledge(bob.requester.userNid, 'LAPTOP', batch.upTo - 1);
  assert.deepEqual(await contents(world, bob), [{ n: 3 }]);
  await world.keys.toDevice.acknowledge(bob.requester.userNid, 'LAPTOP', batch.upTo + 1);
  assert.deepEqual(await contents(world, bob), [{ n: 3 }], 'it can have nothing that is still to come');
  await world.keys.toDevice.acknowledge(bob.requester.userNid, 'LAPTOP', batch.upTo);
  assert.deepEqual(await contents(world, bob), []);
  assert.equal(await waitingBytes(db), 0);
});

onEachDatabase('a star is all devices, and a device that is named gets its own', async (db, t) => {
  const world = new KeysWorld(db, t);
  const alice = await world.device('alice', 'PHONE');
  const [laptop, tablet] = [await world.device('bob', 'LAPTOP'), await world.device('bob', 'TABLET')];
  const messages = { [laptop.userId]: { '*': { to: 'all' }, TABLET: { to: 'tablet' } }, 'no user ID': { '*': {} } };
  assert.equal((await send(alice, '1', messages)).status, 200);
  assert.deepEqual(await contents(world, laptop), [{ to: 'all' }]);
  assert.deepEqual(await contents(world, tablet), [{ to: 'tablet' }]);
});

onEachDatabase('a sync gets a bounded part and is told that there is more', async (db, t) => {
  const world = new KeysWorld(db, t);
  const [alice, bob] = [await world.device('alice', 'PHONE'), await world.device('bob', 'LAPTOP')];
  for (let n = 0; n < 5; n++) await send(alice, `${n}`, { [bob.userId]: { LAPTOP: { n, fill: 'x'.repeat(1000) } } });
  const pos = await userPos(db, bob.requester.userNid);
  const byCount = await small(db, world, { batch: 3 });
  const first = await byCount.after(db, bob.requester.userNid, 'LAPTOP', 0, pos);
  assert.equal(first.events.length, 3);
  assert.equal(first.more, true);
  const rest = await byCount.after(db, bob.requester.userNid, 'LAPTOP', first.upTo, pos);
  assert.deepEqual(
    rest.events.map(event => (event.content as JsonObject).n),
    [3, 4],
  );
  assert.deepEqual([rest.more, rest.upTo], [false, pos]);
  const byBytes = await small(db, world, { batchBytes: 10 });
  assert.equal((await byBytes.after(db, bob.requester.userNid, 'LAPTOP', 0, pos)).events.length, 1);
});

onEachDatabase('messages for other servers are queued with the transaction, once', async (db, t) => {
  const queued: OutgoingToDevice[] = [];
  const enqueue = async (tx: { afterCommit(run: () => void): void }, message: OutgoingToDevice) =>
    tx.afterCommit(() => queued.push(message));
  const world = new KeysWorld(db, t, { remoteToDevice: { enqueue } });
  const alice = await world.device('alice', 'PHONE');
  const messages = { '@eve:far.example': { '*': { n: 1 } }, [alice.userId]: { PHONE: { n: 2 } } };
  for (let i = 0; i < 2; i++) await send(alice, '1', messages);
  assert.equal(queued.length, 1);
  assert.deepEqual(queued[0]?.messages, new Map([['@eve:far.example', new Map([['*', { n: 1 }]])]]));
  assert.ok((queued[0]?.messageId.length ?? 0) > 10);
  assert.deepEqual(await contents(world, alice), [{ n: 2 }]);
  const float = await send(alice, '2', { '@eve:far.example': { '*': { n: 1.5 } } });
  assert.equal(float.body.errcode, 'M_BAD_JSON', 'what cannot be signed cannot be sent');
});

onEachDatabase('messages of another server arrive once for each message ID', async (db, t) => {
  const world = new KeysWorld(db, t);
  const bob = await world.device('bob', 'LAPTOP');
  const sender = '@eve:far.example' as UserId;
  const messages = { [bob.userId]: { '*': { n: 1 } }, '@x:other.example': { A: { n: 2 } } };
  for (const messageId of ['a', 'a', 'b'])
    await world.keys.toDevice.receive({ sender, type: 'm.test', messageId, messages });
  const { events } = await inbox(world, bob);
  assert.deepEqual(
    events.map(event => event.sender),
    [sender, sender],
  );
});

onEachDatabase('N090 messages of another server are bounded, and to nobody leave nothing', async (db, t) => {
  const world = new KeysWorld(db, t);
  const bob = await world.device('bob', 'LAPTOP');
  const sender = '@eve:far.example' as UserId;
  const receive = (messageId: string, messages: ToDeviceMessages) =>
    world.keys.toDevice.receive({ sender, type: 'm.test', messageId, messages });
  await receive('a', { [`@nobody:${SERVER}`]: { '*': {} }, [bob.userId]: { NOSUCH: {} } });
  assert.equal(await world.nids.users.findOne(db, sender), undefined, 'not even the name is kept');
  await receive('a', { [bob.userId]: { LAPTOP: { n: 1 } } });
  for (let n = 0; n < 3; n++) await receive('a', { [bob.userId]: { LAPTOP: { n: 2 } } });
  const many = Object.fromEntries(Array.from({ length: 6000 }, (_, at) => [`D${at}`, {}]));
  await assert.rejects(receive('b', { [bob.userId]: many }), { errcode: 'M_TOO_LARGE' });
  await assert.rejects(receive('c', { [bob.userId]: { LAPTOP: { fill: 'x'.repeat(70_000) } } }), {
    errcode: 'M_TOO_LARGE',
  });
  assert.deepEqual(await contents(world, bob), [{ n: 1 }]);
});

onEachDatabase('N157: requests, messages and the disk are bounded', async (db, t) => {
  const world = new KeysWorld(db, t);
  const [alice, bob] = [await world.device('alice', 'PHONE'), await world.device('bob', 'LAPTOP')];
  const many = Object.fromEntries(Array.from({ length: 6000 }, (_, at) => [`D${at}`, {}]));
  assert.equal((await send(alice, '1', { [bob.userId]: many })).body.errcode, 'M_TOO_LARGE');
  const huge = await send(alice, '2', { [bob.userId]: { LAPTOP: { fill: 'x'.repeat(70_000) } } });
  assert.equal(huge.status, 413);
  const stars = await small(db, world, { targets: 3 });
  for (const id of ['A', 'B', 'C']) await world.device('bob', id);
  const star = { [bob.userId]: { '*': {} } };
  await assert.rejects(stars.send(alice.requester, 'm.test', '3', star), { errcode: 'M_TOO_LARGE' });
  assert.deepEqual(await contents(world, bob), []);

  const full = await small(db, world, { totalBytes: 0 });
  await full.send(alice.requester, 'm.test', '4', star);
  const later = await small(db, world, { totalBytes: 0 });
  const refusal = { errcode: 'M_LIMIT_EXCEEDED', status: 429, fields: { retry_after_ms: 60_000 } };
  await assert.rejects(later.send(alice.requester, 'm.test', '5', star), refusal);
  assert.equal((await send(alice, `${'x'.repeat(300)}`, star)).status, 400);
});

onEachDatabase('N157: in a full inbox whoever has filled it loses messages, nobody else', async (db, t) => {
  const world = new KeysWorld(db, t);
  const [alice, mallory] = [await world.device('alice', 'PHONE'), await world.device('mallory', 'PHONE')];
  const bob = await world.device('bob', 'LAPTOP');
  const toDevice = await small(db, world, { inboxMessages: 10 });
  const to = (n: number) => ({ [bob.userId]: { LAPTOP: { n } } });
  await toDevice.send(alice.requester, 'm.room_key', 'first', to(-1));
  for (let n = 0; n < 50; n++) await toDevice.send(mallory.requester, 'm.spam', `${n}`, to(n));
  const { events } = await inbox(world, bob);
  assert.ok(events.length <= 10);
  assert.deepEqual(events[0], { sender: alice.userId, type: 'm.room_key', content: { n: -1 } });
  assert.deepEqual(events.at(-1)?.content, { n: 49 }, 'the newest stays');
  await toDevice.acknowledge(bob.requester.userNid, 'LAPTOP', await userPos(db, bob.requester.userNid));
  assert.equal(await waitingBytes(db), 0, 'the sums are right after all that');

  const bytes = await small(db, world, { inboxBytes: 3000 });
  for (let n = 0; n < 5; n++)
    await bytes.send(alice.requester, 'm.test', `b${n}`, { [bob.userId]: { LAPTOP: { n, fill: 'x'.repeat(900) } } });
  assert.ok((await waitingBytes(db)) <= 3000);
});

onEachDatabase('a row that somebody broke does not stop the others', async (db, t) => {
  const world = new KeysWorld(db, t);
  const [alice, bob] = [await world.device('alice', 'PHONE'), await world.device('bob', 'LAPTOP')];
  for (const n of [1, 2, 3]) await send(alice, `${n}`, { [bob.userId]: { LAPTOP: { n } } });
  await db.run(sql`update to_device set content = '{broken' where pos = 2`);
  assert.deepEqual(await contents(world, bob), [{ n: 1 }, { n: 3 }]);
});
