import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { OutboundWorld, silence } from '../../../test/support/outbound.ts';
import { accepted, DORA, joinFrom, remoteEvent, TWO } from '../../../test/support/remote-events.ts';
import { ALICE, BOB, joinAll, newRoom, say } from '../../../test/support/rooms.ts';
import type { ServerName, UserId } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import { sql } from '../../db/sql.ts';
import { ingest } from '../../rooms/ingest.ts';
import { readerPositions } from '../../rooms/log-reader.table.ts';
import { ban, kick, unban } from '../../rooms/membership.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import type { Room } from '../../rooms/room.ts';

const THREE = 'three.example' as ServerName;
const TIM = '@tim:three.example' as UserId;

function leaveFrom(rooms: RoomsParts, room: Room, sender: UserId) {
  return accepted(rooms, room, { type: 'm.room.member', sender, stateKey: sender, content: { membership: 'leave' } });
}

/** What a server got of a room, as the bodies of messages and `type membership` of the rest. */
function got(world: OutboundWorld, server: string): string[] {
  return world.peers
    .to(server)
    .flatMap(sent => sent.pdus)
    .map(({ type, content, state_key }) => {
      const { body, membership } = content as JsonObject;
      return String(body ?? `${membership ?? type} ${state_key}`);
    });
}

onEachDatabase(
  'who reads the log late sends to those who were in the room then, and no more than they may know',
  async db => {
    await using world = new OutboundWorld(db);
    const { rooms } = world;
    const room = await newRoom(rooms);
    await say(rooms, room, ALICE, 'before all');
    await joinFrom(rooms, room, DORA);
    await say(rooms, room, ALICE, 'for two');
    await joinFrom(rooms, room, TIM);
    await say(rooms, room, ALICE, 'for both');
    await leaveFrom(rooms, room, DORA);
    await say(rooms, room, ALICE, 'for three');
    await joinFrom(rooms, room, DORA);
    await say(rooms, room, ALICE, 'for both again');
    await leaveFrom(rooms, room, TIM);
    world.start();
    await world.settle();
    assert.deepEqual(got(world, TWO), ['for two', 'for both', 'for both again']);
    assert.deepEqual(got(world, THREE), ['for both', 'for three', 'for both again']);
  },
);

onEachDatabase('a server that left while it was down gets what it missed until then, and nothing after', async db => {
  await using world = new OutboundWorld(db);
  const { rooms } = world;
  const room = await newRoom(rooms);
  await joinFrom(rooms, room, DORA);
  world.start();
  world.peers.answer = ({ server }) => Promise.reject(silence(server));
  await say(rooms, room, ALICE, 'one');
  await world.settle();
  await say(rooms, room, ALICE, 'two');
  await kick(rooms, room, { sender: ALICE }, DORA);
  await say(rooms, room, ALICE, 'among us');
  await world.settle();
  world.peers.sent.length = 0;
  world.peers.answer = () => ({ pdus: {} });
  await world.pass(60_000);
  assert.deepEqual(got(world, TWO), ['one', 'two', `leave ${DORA}`]);
  assert.equal((await db.all(sql`select 1 from outbound_room`)).length, 0);
});

onEachDatabase('what others say costs no transaction, and how far it was read is stored a little later', async db => {
  await using world = new OutboundWorld(db);
  const { rooms } = world;
  const room = await newRoom(rooms);
  await joinFrom(rooms, room, DORA);
  world.start();
  await world.settle();
  const stored = async () => (await readerPositions(db, 'federation')).get(room.shard);
  const before = await stored();
  const theirs = await accepted(rooms, room, { type: 'm.room.message', sender: DORA, content: { body: 'theirs' } });
  await world.settle();
  assert.equal((await world.outbound.follower.noted()).get(room.shard), theirs.pos);
  assert.equal(await stored(), before);
  await world.pass(2000);
  for (let turn = 0; (await stored()) !== theirs.pos; turn++) {
    assert.ok(turn < 30_000, 'the position is stored');
    await new Promise(resolve => setTimeout(resolve, 2));
  }
  await accepted(rooms, room, { type: 'm.room.message', sender: DORA, content: { body: 'theirs too' } });
  await say(rooms, room, ALICE, 'ours');
  await world.settle();
  assert.deepEqual(got(world, TWO), ['ours']);
  assert.equal((await db.all(sql`select 1 from outbound_room`)).length, 0);
});

onEachDatabase('kicks, bans, and invites that are taken back are told to the server of whom they concern', async db => {
  await using world = new OutboundWorld(db);
  const { rooms } = world;
  const room = await newRoom(rooms);
  world.start();
  await joinFrom(rooms, room, DORA);
  await ban(rooms, room, { sender: ALICE }, DORA);
  await world.settle();
  await unban(rooms, room, { sender: ALICE }, DORA);
  await say(rooms, room, ALICE, 'among us');
  await world.settle();
  assert.deepEqual(got(world, TWO), [`ban ${DORA}`, `leave ${DORA}`]);
});

onEachDatabase(
  'events of others are theirs to send, and what came in through us goes to all but its own server',
  async db => {
    await using world = new OutboundWorld(db);
    const { rooms } = world;
    const room = await newRoom(rooms);
    for (const user of [DORA, TIM]) await joinFrom(rooms, room, user);
    world.start();
    const through = { sender: TIM, content: { body: 'through us' } };
    const event = await remoteEvent(rooms, room, through);
    await db.tx(tx => ingest(rooms, tx, room, event, { distribute: true }));
    await accepted(rooms, room, { sender: DORA, content: { body: 'of two' } });
    await world.settle();
    assert.deepEqual([got(world, TWO), got(world, THREE)], [['through us'], []]);
    assert.equal((await db.all(sql`select 1 from outbound_room`)).length, 0);
  },
);

onEachDatabase('a room of our own users alone makes no work', async db => {
  await using world = new OutboundWorld(db);
  const room = await newRoom(world.rooms);
  await joinAll(world.rooms, room, [BOB]);
  world.start();
  await say(world.rooms, room, ALICE, 'hello');
  await world.settle();
  assert.equal(world.peers.sent.length, 0);
  assert.equal((await db.all(sql`select 1 from outbound_room`)).length, 0);
});

onEachDatabase('an entry that cannot be read holds up no other', async db => {
  await using world = new OutboundWorld(db);
  const { rooms } = world;
  const [one, two] = [await world.newRoom(), await world.newRoom()];
  for (const room of [one, two]) await joinFrom(rooms, room, DORA);
  const broken: number[] = [];
  for (const body of ['broken', 'whole', 'broken too', 'whole too']) {
    const { nid } = await say(rooms, one, ALICE, body);
    if (body.startsWith('broken')) broken.push(nid);
  }
  await say(rooms, two, ALICE, 'elsewhere');
  for (const nid of broken) {
    await db.run(sql`update event set json = 'nonsense' where nid = ${nid}`);
  }
  await db.tx(async tx => rooms.events.forgetAtCommit(tx, broken));
  world.start();
  await world.settle();
  assert.deepEqual(got(world, TWO).sort(), ['elsewhere', 'whole', 'whole too']);
});
