import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { OutboundWorld, silence } from '../../../test/support/outbound.ts';
import { DORA, EMIL, joinFrom, TWO } from '../../../test/support/remote-events.ts';
import { ALICE, BOB, joinAll, newRoom, reply, say, viewOf } from '../../../test/support/rooms.ts';
import type { ServerName, UserId } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import { sql } from '../../db/sql.ts';
import type { OutgoingToDevice } from '../../keys/ports.ts';
import type { ReadListener } from '../../rooms/ports.ts';
import { type Marker, setMarkers } from '../../rooms/receipts.ts';
import type { Room } from '../../rooms/room.ts';
import { ToDeviceQueue } from './to-device-queue.ts';

const THREE = 'three.example' as ServerName;
const TIM = '@tim:three.example' as UserId;

const nothingKept: ReadListener = {
  readUpTo: async () => undefined,
  fullyRead: async () => undefined,
  setFullyRead: async () => undefined,
};

async function read(world: OutboundWorld, room: Room, userId: UserId, marker: Marker): Promise<void> {
  await setMarkers(world.rooms, nothingKept, room, await viewOf(world.rooms, userId), [marker]);
}

onEachDatabase('public receipts go out, each thread for itself, private ones never', async db => {
  await using world = new OutboundWorld(db);
  const { rooms } = world;
  const room = await newRoom(rooms);
  await joinAll(rooms, room, [BOB]);
  await joinFrom(rooms, room, DORA);
  const root = await say(rooms, room, ALICE, 'root');
  const answer = await reply(rooms, room, ALICE, root, 'in the thread');
  const last = await say(rooms, room, ALICE, 'last');
  world.start();
  await world.settle();
  const ts = world.clock.now();
  await read(world, room, BOB, { type: 'm.read', eventId: root.event.id });
  await read(world, room, BOB, { type: 'm.read', eventId: last.event.id, threadId: 'main' });
  await read(world, room, BOB, { type: 'm.read', eventId: answer.event.id, threadId: root.event.id });
  await read(world, room, ALICE, { type: 'm.read.private', eventId: last.event.id });
  await world.settle();
  await world.pass(30_000);
  const contents = world.peers.edus(TWO, 'm.receipt');
  const receipts = contents.map(content => (content[room.roomId] as JsonObject)['m.read']);
  const of = (eventId: string, thread?: string) => ({
    [BOB]: { event_ids: [eventId], data: thread === undefined ? { ts } : { ts, thread_id: thread } },
  });
  assert.deepEqual(receipts, [of(root.event.id), of(last.event.id, 'main'), of(answer.event.id, root.event.id)]);
  assert.equal((await db.all(sql`select 1 from outbound_room`)).length, 0);
});

onEachDatabase('receipts wait a little and go out with the next message', async db => {
  await using world = new OutboundWorld(db);
  const { rooms } = world;
  const room = await newRoom(rooms);
  await joinAll(rooms, room, [BOB]);
  await joinFrom(rooms, room, DORA);
  const message = await say(rooms, room, ALICE, 'hello');
  world.start();
  await world.settle();
  await read(world, room, BOB, { type: 'm.read', eventId: message.event.id });
  await world.settle();
  assert.equal(world.peers.sent.length, 1);
  await say(rooms, room, BOB, 'hello too');
  await world.settle();
  assert.deepEqual(
    world.peers.sent.map(({ pdus, edus }) => [pdus.length, edus.length]),
    [
      [1, 0],
      [1, 1],
    ],
  );
});

onEachDatabase('of receipts that a server missed it gets those that stand, once', async db => {
  await using world = new OutboundWorld(db);
  const { rooms } = world;
  const room = await newRoom(rooms);
  await joinAll(rooms, room, [BOB]);
  await joinFrom(rooms, room, DORA);
  world.start();
  world.peers.answer = ({ server }) => Promise.reject(silence(server));
  let eventId = '';
  for (let at = 0; at < 5; at++) {
    eventId = (await say(rooms, room, ALICE, `${at}`)).event.id;
    // The transaction that is tried first, and again as it was, is of the event alone.
    await world.settle();
    await read(world, room, BOB, { type: 'm.read', eventId });
    await world.settle();
  }
  world.peers.sent.length = 0;
  world.peers.answer = () => ({ pdus: {} });
  await world.pass(100_000);
  await world.pass(100_000);
  const [content, ...more] = world.peers.edus(TWO, 'm.receipt');
  assert.equal(more.length, 0);
  assert.match(JSON.stringify(content), new RegExp(eventId.slice(1)));
});

onEachDatabase(
  'who types is told at once and again while they type, and is not told to those who are down',
  async db => {
    await using world = new OutboundWorld(db);
    const { rooms, typing } = world;
    const room = await newRoom(rooms);
    for (const user of [DORA, TIM]) await joinFrom(rooms, room, user);
    world.peers.answer = sent => (sent.server === THREE ? Promise.reject(silence(THREE)) : { pdus: {} });
    world.start();
    await say(rooms, room, ALICE, 'hello');
    await world.settle();
    typing.set(room.nid, ALICE, 100_000);
    typing.set(room.nid, DORA, 100_000);
    await world.settle();
    await world.pass(40_001);
    typing.stop(room.nid, ALICE);
    await world.settle();
    await world.pass(40_001);
    const notices = world.peers.edus(TWO, 'm.typing').map(({ user_id, typing }) => [user_id, typing]);
    assert.deepEqual(notices, [
      [ALICE, true],
      [ALICE, true],
      [ALICE, false],
    ]);
    assert.equal(world.peers.edus(THREE, 'm.typing').length, 0);
  },
);

function message(messages: Record<string, Record<string, JsonObject>>, messageId = 'unique'): OutgoingToDevice {
  const byUser = Object.entries(messages).map(([user, devices]) => [user as UserId, new Map(Object.entries(devices))]);
  return {
    sender: ALICE,
    type: 'm.room_key',
    messageId,
    messages: new Map(byUser as [UserId, Map<string, JsonObject>][]),
  };
}

onEachDatabase('messages to devices are split by server and arrive in order, whatever goes wrong between', async db => {
  const world = new OutboundWorld(db);
  world.start();
  world.peers.answer = ({ server }) => Promise.reject(silence(server));
  const queue = new ToDeviceQueue({ ...world.rooms, counters: { dropped: { add: () => undefined } } });
  await db.tx(tx =>
    queue.enqueue(tx, message({ [DORA]: { A: { n: 1 } }, [EMIL]: { '*': { n: 2 } }, [TIM]: { B: { n: 3 } } })),
  );
  await world.settle();
  await db.tx(tx => queue.enqueue(tx, message({ [DORA]: { A: { n: 4 } } }, 'second')));
  await world.stop();
  await using next = new OutboundWorld(db);
  next.clock.advance(world.clock.now() - next.clock.now() + 30_000);
  next.start();
  await next.settle();
  const sent = next.peers.edus(TWO, 'm.direct_to_device');
  assert.deepEqual(
    sent.map(({ message_id, messages }) => [message_id, messages]),
    [
      ['unique', { [DORA]: { A: { n: 1 } }, [EMIL]: { '*': { n: 2 } } }],
      ['second', { [DORA]: { A: { n: 4 } } }],
    ],
  );
  assert.deepEqual(sent[0]?.sender, ALICE);
  assert.deepEqual(next.peers.edus(THREE, 'm.direct_to_device')[0]?.messages, { [TIM]: { B: { n: 3 } } });
  assert.equal((await db.all(sql`select 1 from outbound_edu`)).length, 0);
  const queues = await db.all(sql`select 1 from destination where edus <> 0 or edu_bytes <> 0`);
  assert.equal(queues.length, 0);
});

onEachDatabase('a message to many devices becomes several EDUs with IDs of their own', async db => {
  await using world = new OutboundWorld(db);
  const queue = new ToDeviceQueue({ ...world.rooms, counters: { dropped: { add: () => undefined } } });
  const devices = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`D${at}`, { key: 'x'.repeat(2000) }]));
  await db.tx(tx => queue.enqueue(tx, message({ [DORA]: devices })));
  world.start();
  await world.settle();
  const sent = world.peers.edus(TWO, 'm.direct_to_device');
  assert.ok(sent.length > 1);
  assert.ok(sent.every(edu => JSON.stringify(edu).length < 64 * 1024));
  assert.equal(new Set(sent.map(edu => edu.message_id)).size, sent.length);
  const reached = sent.flatMap(edu => Object.keys((edu.messages as Record<string, JsonObject>)[DORA] ?? {}));
  assert.deepEqual(reached.sort(), Object.keys(devices).sort());
});

onEachDatabase('when too much waits for a server the oldest goes, and it is counted', async db => {
  await using world = new OutboundWorld(db);
  const drops: number[] = [];
  const counters = { dropped: { add: (_: unknown, count = 1) => void drops.push(count) } };
  const limits = { edus: 10, bytes: 1_000_000, totalBytes: 1_000_000 };
  const queue = new ToDeviceQueue({ ...world.rooms, counters }, limits);
  for (let at = 0; at < 25; at++) await db.tx(tx => queue.enqueue(tx, message({ [DORA]: { A: { at } } }, `m${at}`)));
  await db.tx(tx => queue.enqueue(tx, message({ [TIM]: { A: { at: 0 } } })));
  world.start();
  await world.settle();
  const sent = world.peers.edus(TWO, 'm.direct_to_device');
  assert.equal(sent.length + drops.reduce((sum, count) => sum + count, 0), 25);
  assert.ok(sent.length <= 10 && sent.length >= 5, `${sent.length} were kept`);
  assert.equal(sent.at(-1)?.message_id, 'm24');
  assert.equal(world.peers.edus(THREE, 'm.direct_to_device').length, 1);
});
