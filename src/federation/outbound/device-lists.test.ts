import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { comeInto, otherServer } from '../../../test/support/other-server.ts';
import { OutboundWorld, silence } from '../../../test/support/outbound.ts';
import { DORA, joinFrom, TWO } from '../../../test/support/remote-events.ts';
import { ALICE, BOB, joinAll, newRoom, say } from '../../../test/support/rooms.ts';
import { insertDevice } from '../../accounts/device.table.ts';
import type { ServerName, UserId } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import { sql } from '../../db/sql.ts';
import { putDeviceKeys } from '../../keys/device-key.table.ts';
import { deviceListStreamId } from '../../keys/device-list.table.ts';
import type { ListChanges } from '../../keys/device-lists.ts';
import { leave } from '../../rooms/membership.ts';

const THREE = 'three.example' as ServerName;
const TIM = '@tim:three.example' as UserId;

async function announce(world: OutboundWorld, user: UserId, changes: ListChanges): Promise<number> {
  const { db, nids } = world.rooms;
  return db.tx(async tx => {
    const nid = await nids.users.internOne(tx, user);
    await world.keys.deviceLists.announce(tx, nid, changes);
    return deviceListStreamId(tx, nid);
  });
}

async function addDevice(world: OutboundWorld, user: UserId, device_id: string, json?: JsonObject): Promise<void> {
  const { db, nids } = world.rooms;
  await db.tx(async tx => {
    const user_nid = await nids.users.internOne(tx, user);
    await insertDevice(tx, { user_nid, device_id, display_name: `${device_id} of mine`, created_ts: 1 });
    if (json !== undefined)
      await putDeviceKeys(tx, { user_nid, device_id, self_signed: 1, json: JSON.stringify(json) });
  });
}

onEachDatabase('changes of a device list are a chain of EDUs, with the device as it is', async db => {
  await using world = new OutboundWorld(db);
  const room = await newRoom(world.rooms);
  await joinFrom(world.rooms, room, DORA);
  world.start();
  await world.settle();
  await addDevice(world, ALICE, 'PHONE', { keys: { 'ed25519:PHONE': 'abc' } });
  const first = await announce(world, ALICE, { devices: ['PHONE'] });
  await world.settle();
  const second = await announce(world, ALICE, { devices: ['GONE'] });
  await announce(world, ALICE, { crossSigning: true });
  const third = await announce(world, ALICE, { devices: ['PHONE'] });
  await world.settle();
  const updates = world.peers.edus(TWO, 'm.device_list_update');
  const phone = { user_id: ALICE, device_id: 'PHONE', device_display_name: 'PHONE of mine' };
  const keys = { keys: { 'ed25519:PHONE': 'abc' } };
  assert.deepEqual(updates, [
    { ...phone, stream_id: first, prev_id: [], keys },
    { user_id: ALICE, device_id: 'GONE', stream_id: second, prev_id: [first], deleted: true },
    { ...phone, stream_id: third, prev_id: [second], keys },
  ]);
  assert.deepEqual(world.peers.edus(TWO, 'm.signing_key_update'), [{ user_id: ALICE }]);
  assert.equal((await db.all(sql`select 1 from outbound_device_list`)).length, 0);
});

onEachDatabase('a server that was down gets what changed, in a chain that it knows the beginning of', async db => {
  await using world = new OutboundWorld(db);
  const rooms = [await world.newRoom(), await world.newRoom()];
  for (const room of rooms) await joinFrom(world.rooms, room, DORA);
  world.start();
  await world.settle();
  const known = await announce(world, ALICE, { devices: ['A'] });
  await world.settle();
  world.peers.answer = ({ server }) => Promise.reject(silence(server));
  for (const devices of [['A'], ['B'], ['A'], ['C']]) {
    await announce(world, ALICE, { devices });
    await world.settle();
  }
  world.peers.sent.length = 0;
  world.peers.answer = () => ({ pdus: {} });
  await world.pass(60_000);
  const chain = world.peers.edus(TWO, 'm.device_list_update').map(({ device_id, prev_id, stream_id }) => ({
    device_id,
    prev: (prev_id as number[])[0],
    stream_id: stream_id as number,
  }));
  // The transaction that was tried first goes out as it was; the rest says how the devices are by now.
  assert.deepEqual(
    chain.map(({ device_id }) => device_id),
    ['A', 'B', 'A', 'C'],
  );
  assert.deepEqual(
    chain.map(({ prev }) => prev),
    [known, ...chain.slice(0, -1).map(({ stream_id }) => stream_id)],
  );
});

onEachDatabase('of too many changes the last one goes out alone, so that the list is asked for', async db => {
  await using world = new OutboundWorld(db);
  const room = await newRoom(world.rooms);
  await joinFrom(world.rooms, room, DORA);
  world.start();
  await world.settle();
  const known = await announce(world, ALICE, { devices: ['A'] });
  await world.settle();
  const last = await announce(world, ALICE, { devices: Array.from({ length: 300 }, (_, at) => `D${at}`) });
  await world.settle();
  const [, update, ...more] = world.peers.edus(TWO, 'm.device_list_update');
  assert.equal(more.length, 0);
  assert.equal(update?.stream_id, last);
  assert.deepEqual(update?.prev_id, [last - 1]);
  assert.notEqual(last - 1, known);
  assert.equal((await db.all(sql`select 1 from outbound_device_list`)).length, 0);
});

onEachDatabase('a user who joins is introduced to the servers that did not know them, and to those alone', async db => {
  await using world = new OutboundWorld(db);
  const { rooms } = world;
  const [one, two] = [await world.newRoom(), await world.newRoom()];
  await joinFrom(rooms, one, DORA);
  for (const user of [DORA, TIM]) await joinFrom(rooms, two, user);
  await joinAll(rooms, one, [BOB]);
  world.start();
  await world.settle();
  const last = await announce(world, BOB, { devices: ['B1', 'B2'] });
  await world.settle();
  world.peers.sent.length = 0;
  await joinAll(rooms, two, [BOB]);
  await world.settle();
  assert.equal(world.peers.edus(TWO, 'm.device_list_update').length, 0);
  const [update] = world.peers.edus(THREE, 'm.device_list_update');
  assert.deepEqual([update?.user_id, update?.stream_id, update?.prev_id], [BOB, last, [last - 1]]);
});

onEachDatabase('a user who comes into a room of another server is introduced to it', async (db, t) => {
  await using world = new OutboundWorld(db);
  const there = await otherServer(t, TWO);
  const remote = await newRoom(there, { creator: DORA });
  const last = await announce(world, ALICE, { devices: ['A1'] });
  world.start();
  await comeInto(world.rooms, there, remote, ALICE);
  await world.settle();
  const updates = world.peers.edus(TWO, 'm.device_list_update');
  assert.deepEqual(
    updates.map(({ user_id, stream_id }) => [user_id, stream_id]),
    [[ALICE, last]],
  );
});

onEachDatabase('a server that has just come learns what changed while we did not know that it is there', async db => {
  await using world = new OutboundWorld(db);
  const { rooms } = world;
  const room = await newRoom(rooms);
  await joinAll(rooms, room, [BOB]);
  world.start();
  await world.settle();
  await announce(world, BOB, { devices: ['OLD'] });
  world.clock.advance(10 * 24 * 60 * 60_000);
  await announce(world, ALICE, { devices: ['NEW'] });
  await world.settle();
  await joinFrom(rooms, room, DORA);
  await world.settle();
  const users = world.peers.edus(TWO, 'm.device_list_update').map(({ user_id }) => user_id);
  assert.deepEqual(users, [ALICE]);
});

onEachDatabase('who shares no room with a user any more is told nothing of their devices', async db => {
  await using world = new OutboundWorld(db);
  const { rooms } = world;
  const room = await newRoom(rooms);
  await joinAll(rooms, room, [BOB]);
  await joinFrom(rooms, room, DORA);
  world.start();
  await world.settle();
  world.peers.answer = ({ server }) => Promise.reject(silence(server));
  await say(rooms, room, ALICE, 'hello');
  await world.settle();
  await announce(world, BOB, { devices: ['A'] });
  await leave(rooms, room, { sender: BOB });
  world.peers.sent.length = 0;
  world.peers.answer = () => ({ pdus: {} });
  await world.pass(60_000);
  assert.equal(world.peers.edus(TWO, 'm.device_list_update').length, 0);
  assert.equal((await db.all(sql`select 1 from outbound_device_list`)).length, 0);
});
