import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { OutboundWorld, refusal, silence } from '../../../test/support/outbound.ts';
import { DORA, joinFrom, TWO } from '../../../test/support/remote-events.ts';
import { ALICE, newRoom, say } from '../../../test/support/rooms.ts';
import type { ServerName, UserId } from '../../core/ids.ts';
import type { Json } from '../../core/json.ts';
import { sql } from '../../db/sql.ts';
import { findStanding } from './destination.table.ts';

const THREE = 'three.example' as ServerName;
const TIM = '@tim:three.example' as UserId;

onEachDatabase('what a user says goes to every other server in the room, in order', async db => {
  await using world = new OutboundWorld(db);
  const room = await newRoom(world.rooms);
  for (const user of [DORA, TIM]) await joinFrom(world.rooms, room, user);
  world.start();
  for (const body of ['one', 'two', 'three']) await say(world.rooms, room, ALICE, body);
  await world.settle();
  for (const server of [TWO, THREE]) assert.deepEqual(world.peers.bodies(server), ['one', 'two', 'three']);
  assert.equal((await db.all(sql`select * from outbound_room`)).length, 0, 'nothing is left to be sent');
});

onEachDatabase('300 messages while a server is down arrive once each, in order, when it is back', async db => {
  await using world = new OutboundWorld(db);
  const room = await newRoom(world.rooms);
  await joinFrom(world.rooms, room, DORA);
  world.start();
  world.peers.answer = ({ server }) => Promise.reject(silence(server));
  const bodies = Array.from({ length: 300 }, (_, at) => `message ${at}`);
  for (const body of bodies) await say(world.rooms, room, ALICE, body);
  await world.settle();
  assert.ok(world.outbound.sender.isFailing(await world.numberOf(TWO)));
  const tries = world.peers.sent.length;
  await world.pass(60_000);
  assert.ok(world.peers.sent.length > tries, 'it is tried again');
  world.peers.sent.length = 0;
  world.peers.answer = () => ({ pdus: {} });
  await world.pass(120_000);
  assert.deepEqual(world.peers.bodies(TWO), bodies);
  const sizes = world.peers.sent.map(sent => sent.pdus.length);
  assert.ok(sizes.length <= 7 && Math.max(...sizes) === 50, `${sizes}`);
  assert.equal((await findStanding(db, await world.numberOf(TWO)))?.failing_since, null);
});

onEachDatabase('a transaction whose acknowledgement was lost is sent again as it was', async db => {
  await using world = new OutboundWorld(db);
  const room = await newRoom(world.rooms);
  await joinFrom(world.rooms, room, DORA);
  world.start();
  world.peers.answer = ({ server }) => Promise.reject(silence(server));
  await say(world.rooms, room, ALICE, 'one');
  await world.settle();
  await say(world.rooms, room, ALICE, 'two');
  await world.settle();
  world.peers.answer = () => ({ pdus: {} });
  await world.pass(60_000);
  const [first, again, ...more] = world.peers.sent;
  assert.equal(again?.txnId, first?.txnId);
  assert.deepEqual(again?.pdus, first?.pdus);
  assert.deepEqual(
    more.map(sent => sent.pdus.map(pdu => (pdu.content as { body: string }).body)),
    [['two']],
  );
});

onEachDatabase('after a crash what was sent is repeated as it was, whatever came meanwhile', async db => {
  const crashing = new OutboundWorld(db);
  const room = await newRoom(crashing.rooms);
  for (const user of [DORA, TIM]) await joinFrom(crashing.rooms, room, user);
  crashing.start();
  const zero = Promise.withResolvers<Json>();
  crashing.peers.answer = () => zero.promise;
  await say(crashing.rooms, room, ALICE, 'zero');
  await crashing.until(() => crashing.peers.sent.length === 2);
  // What comes now goes out together.
  crashing.typing.set(room.nid, ALICE, 100_000);
  await say(crashing.rooms, room, ALICE, 'one');
  await crashing.outbound.follower.catchUp();
  crashing.peers.answer = () => new Promise(() => {});
  zero.resolve({ pdus: {} });
  await crashing.until(() => crashing.peers.sent.length === 4);
  await crashing.stop();
  await say(crashing.rooms, room, ALICE, 'two');
  await using world = new OutboundWorld(db);
  world.clock.advance(10_000);
  world.start();
  await world.settle();
  for (const server of [TWO, THREE]) {
    const [, before] = crashing.peers.to(server);
    assert.deepEqual([before?.pdus.length, before?.edus.length], [1, 1]);
    const [again, next, ...more] = world.peers.to(server);
    assert.deepEqual(again, before, 'the same ID, and the same events and EDUs');
    assert.notEqual(next?.txnId, again?.txnId);
    assert.equal(more.length, 0);
    assert.deepEqual(world.peers.bodies(server), ['one', 'two']);
  }
});

onEachDatabase(
  'a server that waits long is tried at once when it shows a sign of life, also after a restart',
  async db => {
    const before = new OutboundWorld(db);
    const room = await newRoom(before.rooms);
    await joinFrom(before.rooms, room, DORA);
    before.start();
    before.peers.answer = ({ server }) => Promise.reject(refusal(server, 503));
    await say(before.rooms, room, ALICE, 'one');
    await before.settle();
    for (const ms of [15_000, 30_000, 60_000, 120_000]) await before.pass(ms);
    await before.stop();
    const nid = await before.numberOf(TWO);
    const standing = await findStanding(db, nid);
    assert.equal(standing?.tries, 5);
    assert.ok((standing?.retry_at ?? 0) >= before.clock.now() + 0.8 * 160_000, 'the wait is on the disk');

    await using world = new OutboundWorld(db);
    world.clock.advance(before.clock.now() - world.clock.now() + 60_000);
    world.start();
    await world.settle();
    assert.equal(world.peers.sent.length, 0, 'a restart is no reason to try');
    for (const server of [THREE, TWO]) await world.hear(server);
    await world.until(() => world.peers.sent.length > 0);
    await world.settle();
    assert.deepEqual(world.peers.bodies(TWO), ['one']);
    assert.equal((await findStanding(db, nid))?.tries, 0);
  },
);

/** Its clock is ten hours ahead, and nobody answers. */
function startAhead(world: OutboundWorld): void {
  world.start();
  world.clock.aheadMs = 10 * 60 * 60_000;
  world.peers.answer = ({ server }) => Promise.reject(silence(server));
}

/** The clock is right, everybody answers, and what was sent before does not count. */
function setRight(world: OutboundWorld): void {
  world.clock.aheadMs = 0;
  world.peers.sent.length = 0;
  world.peers.answer = () => ({ pdus: {} });
}

onEachDatabase('a clock that was ahead and is set back keeps nobody from being tried', async db => {
  await using world = new OutboundWorld(db);
  const room = await newRoom(world.rooms);
  for (const user of [DORA, TIM]) await joinFrom(world.rooms, room, user);
  startAhead(world);
  await say(world.rooms, room, ALICE, 'in the future');
  await world.settle();
  // One of them is heard while the clock is ahead, and does not answer all the same.
  await world.hear(TWO);
  await world.settle();
  setRight(world);
  await world.pass(61_000);
  for (const server of [TWO, THREE]) assert.deepEqual(world.peers.bodies(server), ['in the future']);
});

onEachDatabase('a sign of life counts whatever time of the future it was when there was one before', async db => {
  await using world = new OutboundWorld(db);
  const room = await newRoom(world.rooms);
  await joinFrom(world.rooms, room, DORA);
  startAhead(world);
  await say(world.rooms, room, ALICE, 'one');
  await world.settle();
  await world.hear(TWO);
  await world.settle();
  setRight(world);
  world.clock.advance(31_000);
  await world.hear(TWO);
  await world.settle();
  assert.deepEqual(world.peers.bodies(TWO), ['one']);
});
