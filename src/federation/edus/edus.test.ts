import assert from 'node:assert/strict';
import { TestClock } from '../../../test/support/accounts.ts';
import { eventually } from '../../../test/support/bus.ts';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { RemoteDevicesWorld } from '../../../test/support/remote-devices.ts';
import { accepted, DORA, EMIL, joinFrom, remoteEvent, TWO } from '../../../test/support/remote-events.ts';
import { ALICE, BOB, joinAll, newRoom, reply, roomsOn, say, setState } from '../../../test/support/rooms.ts';
import { silentLog } from '../../base/log.ts';
import type { EventId, ServerName, UserId } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import { MatrixError } from '../../core/matrix-error.ts';
import { type Database, DatabaseUnavailableError } from '../../db/database.ts';
import type { IncomingToDevice } from '../../keys/to-device.ts';
import { ingest } from '../../rooms/ingest.ts';
import { publicReceiptsSince } from '../../rooms/receipts.table.ts';
import type { Room } from '../../rooms/room.ts';
import { logHeads } from '../../rooms/room-log.table.ts';
import { Edus } from './edus.ts';
import type { ToldPresence } from './ports.ts';

/** A server that takes EDUs, and what they led to. */
class World {
  readonly clock = new TestClock();
  readonly rooms;
  readonly devices: RemoteDevicesWorld;
  readonly typing: string[] = [];
  readonly presence: [number, ToldPresence][] = [];
  readonly messages: IncomingToDevice[] = [];
  readonly logged: string[] = [];
  readonly stop = new AbortController();
  /** Instead of taking a message. */
  refuse: Error | undefined;
  readonly edus: Edus;

  constructor(db: Database, hasPresence = true) {
    const log = {
      ...silentLog,
      warn: (text: string) => this.logged.push(text),
      error: (text: string) => this.logged.push(text),
    };
    this.rooms = { ...roomsOn(db), clock: this.clock, log };
    this.devices = new RemoteDevicesWorld(db, this.rooms);
    const { follower, servers } = this.devices;
    this.edus = new Edus({
      rooms: this.rooms,
      toDevice: {
        receive: async message => {
          if (this.refuse !== undefined) throw this.refuse;
          this.messages.push(message);
        },
      },
      follower,
      servers,
      typing: {
        set: (roomNid, userId, ms) => this.typing.push(`${roomNid} ${userId} ${ms}`),
        stop: (roomNid, userId) => this.typing.push(`${roomNid} ${userId} stops`),
      },
      presence: hasPresence ? { hear: (nid, told) => this.presence.push([nid, told]) } : undefined,
      signal: this.stop.signal,
    });
  }

  /** EDUs of `two.example`, by their types and contents. */
  async send(...edus: readonly (readonly [type: string, content: JsonObject])[]): Promise<void> {
    await this.from(TWO, ...edus);
  }

  async from(origin: ServerName, ...edus: readonly (readonly [type: string, content: JsonObject])[]): Promise<void> {
    await this.edus.receive(
      origin,
      edus.map(([edu_type, content]) => ({ edu_type, content })),
    );
  }

  /** A room of Alice's that some users of other servers have joined. */
  async room(...users: readonly UserId[]): Promise<Room> {
    this.clock.advance(1);
    const room = await newRoom(this.rooms);
    for (const user of users) await joinFrom(this.rooms, room, user);
    return room;
  }

  /** The receipts of a room: who, where, in which thread, when. */
  async receipts(room: Room): Promise<[string | undefined, string, string, number][]> {
    const rows = await publicReceiptsSince(this.rooms.db, room.nid, -1);
    const names = await this.rooms.nids.users.names(
      this.rooms.db,
      rows.map(row => row.user_nid),
    );
    return rows.map(row => [names.get(row.user_nid), row.event_id, row.thread, row.ts]);
  }
}

const typingIn = (room: Room, user: string, typing: unknown = true) =>
  ['m.typing', { room_id: room.roomId, user_id: user, typing } as JsonObject] as const;

const receiptIn = (
  room: Room,
  user: string,
  eventId: string,
  data: JsonObject = { ts: 5 },
): readonly [string, JsonObject] => [
  'm.receipt',
  { [room.roomId]: { 'm.read': { [user]: { event_ids: [eventId], data } } } },
];

onEachDatabase('users of other servers type, and stop by themselves', async db => {
  const world = new World(db);
  const room = await world.room(DORA);
  await world.send(typingIn(room, DORA));
  await world.send(typingIn(room, DORA, false));
  assert.deepEqual(world.typing, [`${room.nid} ${DORA} 60000`, `${room.nid} ${DORA} stops`]);
  await world.send(...Array.from({ length: 50 }, (_, n) => typingIn(room, DORA, n % 2 === 1)));
  assert.equal(world.typing.length, 3, 'what is said last counts');
});

onEachDatabase(
  'N088 N089 typing and receipts count only of joined users of the server that tells of them',
  async db => {
    const world = new World(db);
    const far = '@far:three.example' as UserId;
    const room = await world.room(DORA, far);
    const other = await world.room();
    const { event } = await say(world.rooms, room, ALICE, 'hello');
    const elsewhere = await say(world.rooms, other, ALICE, 'elsewhere');
    for (const [where, user, eventId] of [
      [room, ALICE, event.id],
      [room, far, event.id],
      [room, EMIL, event.id],
      [room, '@dora:two.example:8448', event.id],
      [room, 'dora', event.id],
      [other, DORA, elsewhere.event.id],
      [room, DORA, elsewhere.event.id],
      [{ ...room, roomId: '!unknown:two.example' as Room['roomId'] }, DORA, event.id],
    ] as const) {
      await world.send(receiptIn(where, user, eventId));
      if (where !== room || user !== DORA) await world.send(typingIn(where, user));
    }
    assert.deepEqual([world.typing, await world.receipts(room), await world.receipts(other)], [[], [], []]);
    await accepted(world.rooms, room, {
      type: 'm.room.member',
      sender: DORA,
      stateKey: DORA,
      content: { membership: 'leave' },
    });
    await world.send(typingIn(room, DORA), receiptIn(room, DORA, event.id));
    assert.deepEqual([world.typing, await world.receipts(room)], [[], []]);
  },
);

onEachDatabase('N093 typing and receipts of a server that the ACL denies are dropped', async db => {
  const world = new World(db);
  const room = await world.room(DORA);
  const { event } = await say(world.rooms, room, ALICE, 'hello');
  await setState(world.rooms, room, ALICE, 'm.room.server_acl', { allow: ['*'], deny: ['T?o.example'] });
  await world.send(typingIn(room, DORA), receiptIn(room, DORA, event.id));
  assert.deepEqual([world.typing, await world.receipts(room)], [[], []]);
  await setState(world.rooms, room, ALICE, 'm.room.server_acl', { allow: ['*'] });
  await world.send(typingIn(room, DORA), receiptIn(room, DORA, event.id));
  assert.deepEqual([world.typing.length, (await world.receipts(room)).length], [1, 1]);
});

onEachDatabase('receipts move forward, for the room and for threads', async db => {
  const world = new World(db);
  const room = await world.room(DORA);
  const root = await say(world.rooms, room, ALICE, 'root');
  const inThread = await reply(world.rooms, room, ALICE, root, 'in the thread');
  const last = await say(world.rooms, room, ALICE, 'last');
  const [a, b, c] = [root, inThread, last].map(({ event }) => event.id) as [EventId, EventId, EventId];
  await world.send(receiptIn(room, DORA, a), receiptIn(room, DORA, c, { ts: 9 }), receiptIn(room, DORA, a));
  await world.send(receiptIn(room, DORA, b, { ts: 6, thread_id: a }), receiptIn(room, DORA, a, { thread_id: 'main' }));
  const now = world.clock.now();
  assert.deepEqual(
    (await world.receipts(room)).sort((x, y) => x[3] - y[3]),
    [
      [DORA, b, a, 6],
      [DORA, c, '', 9],
      [DORA, a, 'main', now],
    ],
  );
});

onEachDatabase('a flood of receipts of one user is one receipt', async db => {
  const world = new World(db);
  const room = await world.room(DORA);
  const events: string[] = [];
  for (let n = 0; n < 10; n++) events.push((await say(world.rooms, room, ALICE, 'x')).event.id);
  const entries = async () => (await logHeads(db))[room.shard] ?? 0;
  const before = await entries();
  await world.send(...Array.from({ length: 100 }, (_, n) => receiptIn(room, DORA, events[n % 10]!)));
  assert.equal((await entries()) - before, 1);
  assert.equal((await world.receipts(room))[0]?.[1], events.at(-1));
});

onEachDatabase('receipts that are malformed or fit no thread are dropped', async db => {
  const world = new World(db);
  const room = await world.room(DORA);
  const { event } = await say(world.rooms, room, ALICE, 'hello');
  for (let n = 0; n < 20; n++) await world.send(receiptIn(room, DORA, event.id, { ts: 1, thread_id: `$thread${n}` }));
  for (const content of [
    {},
    { [room.roomId]: 3 },
    { [room.roomId]: { 'm.read': [] } },
    { [room.roomId]: { 'm.read': { [DORA]: 'x' } } },
    { [room.roomId]: { 'm.read': { [DORA]: { event_ids: [] } } } },
    { [room.roomId]: { 'm.read': { [DORA]: { event_ids: [3] } } } },
    { [room.roomId]: { 'm.read': { [DORA]: { event_ids: [event.id], data: { thread_id: '' } } } } },
    { [room.roomId]: { 'm.read': { [DORA]: { event_ids: [event.id], data: { thread_id: 3 } } } } },
    { [room.roomId]: { 'm.read.private': { [DORA]: { event_ids: [event.id], data: { ts: 1 } } } } },
  ])
    await world.send(['m.receipt', content as JsonObject]);
  assert.deepEqual(await world.receipts(room), []);
  const future = world.clock.now() + 1_000_000;
  await world.send(receiptIn(room, DORA, event.id, { ts: future }));
  assert.deepEqual(await world.receipts(room), [[DORA, event.id, '', world.clock.now()]], 'nobody has read tomorrow');
});

onEachDatabase('a receipt that is faster than its event is tried again for a while', async db => {
  const world = new World(db);
  const room = await world.room(DORA);
  const event = await remoteEvent(world.rooms, room, { sender: DORA });
  await world.send(receiptIn(room, DORA, event.id));
  world.clock.advance(1000);
  // Tried again, it waits for five seconds more.
  await eventually(() => world.clock.dueIn.includes(5000));
  await db.tx(tx => ingest(world.rooms, tx, room, event));
  assert.deepEqual(await world.receipts(room), []);
  world.clock.advance(5000);
  while ((await world.receipts(room)).length === 0) await new Promise(resolve => setTimeout(resolve, 5));
  assert.deepEqual(await world.receipts(room), [[DORA, event.id, '', 5]]);
  await world.send(receiptIn(room, DORA, '$never'));
  world.stop.abort();
  world.clock.advance(1000);
});

onEachDatabase('presence is taken of users of the server who share a room with us', async db => {
  const world = new World(db);
  await world.room(DORA);
  const push = [
    { user_id: DORA, presence: 'online', last_active_ago: 1000, currently_active: true, status_msg: 'here' },
    { user_id: EMIL, presence: 'online', last_active_ago: 0 },
    { user_id: ALICE, presence: 'offline', last_active_ago: 0 },
    { user_id: DORA, presence: 'busy', last_active_ago: 0 },
    { presence: 'online' },
    'x',
  ];
  await world.send(['m.presence', { push }], ['m.presence', { push: 'x' }], ['m.presence', {}]);
  const nid = await world.rooms.nids.users.findOne(db, DORA);
  const lastActive = world.clock.now() - 1000;
  assert.deepEqual(world.presence, [
    [nid, { presence: 'online', lastActive, statusMsg: 'here', currentlyActive: true }],
  ]);
  await world.send(['m.presence', { push: [{ user_id: DORA, presence: 'offline', status_msg: 'x'.repeat(2000) }] }]);
  assert.equal(world.presence.at(-1)?.[1].statusMsg, undefined);
  const without = new World(db, false);
  await without.send(['m.presence', { push }]);
  assert.deepEqual([without.presence, without.logged], [[], []]);
});

onEachDatabase('messages to devices are handed on, those for others and of others are not', async db => {
  const world = new World(db);
  const message = (content: JsonObject) =>
    ['m.direct_to_device', { type: 'm.test', message_id: 'a', ...content }] as const;
  const messages = {
    [ALICE]: { A: { n: 1 }, B: 'x', '*': {} },
    [EMIL]: { A: {} },
    '@x:three.example': { A: {} },
    [BOB]: [],
  };
  await world.send(message({ sender: DORA, messages }));
  assert.deepEqual(world.messages, [
    { sender: DORA, type: 'm.test', messageId: 'a', messages: { [ALICE]: { A: { n: 1 }, '*': {} } } },
  ]);
  for (const content of [
    { sender: ALICE, messages },
    { sender: '@far:three.example', messages },
    { sender: DORA, messages: { [EMIL]: { A: {} } } },
    { sender: DORA, messages: [] },
    { sender: DORA, messages, message_id: 3 },
    { sender: DORA, messages, type: null },
    { messages },
  ])
    await world.send(message(content as JsonObject));
  assert.equal(world.messages.length, 1);
});

onEachDatabase('N121 what is not known or malformed is passed over, and spoils nothing', async db => {
  const world = new World(db);
  const room = await world.room(DORA);
  await world.edus.receive(TWO, [
    {},
    { edu_type: 3, content: {} },
    { edu_type: 'm.typing' },
    { edu_type: 'm.typing', content: [] },
    { edu_type: 'org.example.unknown', content: { deep: [[[{}]]] } },
    { edu_type: 'm.device_list_update', content: { user_id: DORA } },
    { edu_type: 'm.typing', content: typingIn(room, DORA)[1], more: 1 },
  ]);
  assert.equal(world.typing.length, 1);
  assert.deepEqual(world.logged, []);
});

onEachDatabase('an EDU that cannot be taken spoils no other, unless nothing can be stored', async db => {
  const world = new World(db);
  const room = await world.room(DORA);
  const poisoned = [
    'm.direct_to_device',
    { sender: DORA, type: 't', message_id: 'a', messages: { [ALICE]: { A: {} } } },
  ] as const;
  for (const [error, words] of [
    [new MatrixError('M_TOO_LARGE', 'too large'), []],
    [new MatrixError('M_LIMIT_EXCEEDED', 'full'), ['A message to devices of ours is lost: too many wait already.']],
    [new TypeError('a fault of ours'), ['An EDU could not be taken.']],
  ] as const) {
    world.refuse = error;
    world.typing.length = 0;
    world.logged.length = 0;
    await world.send(poisoned, typingIn(room, DORA));
    assert.equal(world.typing.length, 1);
    assert.deepEqual(world.logged, words);
  }
  world.refuse = new DatabaseUnavailableError('the disk is full', undefined);
  await assert.rejects(world.send(poisoned, typingIn(room, DORA)), DatabaseUnavailableError);
});

onEachDatabase('device list changes of one transaction are taken together', async db => {
  const world = new World(db);
  const room = await world.room(DORA);
  await joinAll(world.rooms, room, [BOB]);
  await world.devices.query(DORA);
  await world.devices.told(room, DORA);
  const { dora } = world.devices;
  const { master_key = {} } = dora.identity.upload;
  const [one, two] = [dora.change('NEW'), dora.delete('PHONE')];
  await world.send(
    ['m.device_list_update', one],
    ['m.device_list_update', two],
    ['m.signing_key_update', { user_id: DORA, master_key }],
    ['org.matrix.signing_key_update', { user_id: DORA, master_key }],
  );
  assert.ok(await world.devices.told(room, DORA));
  assert.deepEqual(await world.devices.devicesOf(DORA), ['LAPTOP', 'NEW']);
  assert.equal(world.devices.asked.length, 1);
  await world.from('three.example' as ServerName, ['m.device_list_update', dora.delete('NEW')]);
  assert.deepEqual(await world.devices.devicesOf(DORA), ['LAPTOP', 'NEW'], 'another server says so');
});
