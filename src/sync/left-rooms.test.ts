import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { ALICE, BOB, joinAll, newRoom, roomsOn, say, setState } from '../../test/support/rooms.ts';
import { type RoomAnswer, SyncBench, types } from '../../test/support/sync.ts';
import { ban, invite, join, knock, leave, unban } from '../rooms/membership.ts';

const memberships = (answer: RoomAnswer | undefined) =>
  answer?.timeline.events.filter(event => event.state_key === BOB).map(({ content }) => content.membership);

onEachDatabase('who declines an invitation, or takes back a knock, is told nothing of the room', async db => {
  const rooms = roomsOn(db);
  using bench = new SyncBench(rooms);
  const invited = await newRoom(rooms, { preset: 'private_chat', name: 'Nests' });
  const knocked = await newRoom(rooms, { preset: 'private_chat', name: 'Nests' });
  await setState(rooms, knocked, ALICE, 'm.room.join_rules', { join_rule: 'knock' });
  const first = await bench.as(BOB);
  await invite(rooms, invited, { sender: ALICE }, BOB);
  await knock(rooms, knocked, { sender: BOB });
  const second = await bench.as(BOB, first.next_batch);
  for (const room of [invited, knocked]) await leave(rooms, room, { sender: BOB });
  const third = await bench.as(BOB, second.next_batch);
  const asked = await bench.as(BOB, undefined, { filter: { room: { include_leave: true } } });
  for (const { roomId } of [invited, knocked]) {
    for (const { rooms: sections } of [third, asked]) {
      const left = sections?.leave?.[roomId];
      assert.deepEqual(left?.state.events, []);
      assert.deepEqual(memberships(left), ['leave']);
      assert.equal(left?.timeline.events.length, 1);
    }
  }
});

onEachDatabase('the end of a ban is told, and nothing of the room', async db => {
  const rooms = roomsOn(db);
  using bench = new SyncBench(rooms);
  const room = await newRoom(rooms);
  await joinAll(rooms, room, [BOB]);
  await ban(rooms, room, { sender: ALICE }, BOB);
  const { next_batch: since } = await bench.as(BOB);
  await setState(rooms, room, ALICE, 'm.room.topic', { topic: 'behind the back' });
  await unban(rooms, room, { sender: ALICE }, BOB);
  const left = (await bench.as(BOB, since)).rooms?.leave?.[room.roomId];
  assert.deepEqual(memberships(left), ['leave']);
  assert.deepEqual(left?.state.events, []);
  const after = (await bench.as(BOB, since, { stateName: 'state_after' })).rooms?.leave?.[room.roomId];
  assert.deepEqual(after?.state_after?.events, after?.timeline.events, 'no state is taken from the timeline');
});

onEachDatabase('one who left and declined to come back sees the room up to the leaving', async db => {
  const rooms = roomsOn(db);
  using bench = new SyncBench(rooms);
  const room = await newRoom(rooms, { preset: 'private_chat' });
  await invite(rooms, room, { sender: ALICE }, BOB);
  await join(rooms, room, { sender: BOB });
  const { next_batch: since } = await bench.as(BOB);
  const last = await say(rooms, room, ALICE, 'last words');
  await leave(rooms, room, { sender: BOB });
  await setState(rooms, room, ALICE, 'm.room.topic', { topic: 'behind the back' });
  await invite(rooms, room, { sender: ALICE }, BOB);
  await leave(rooms, room, { sender: BOB });
  const left = (await bench.as(BOB, since)).rooms?.leave?.[room.roomId];
  assert.equal(left?.timeline.events[0]?.event_id, last.event.id);
  assert.deepEqual(memberships(left), ['leave', 'leave']);
  assert.deepEqual(left?.state.events, []);
  const after = (await bench.as(BOB, since, { stateName: 'state_after' })).rooms?.leave?.[room.roomId];
  assert.equal(after?.state_after?.events.at(-1)?.event_id, after?.timeline.events.at(-1)?.event_id);
});

onEachDatabase('a sync of everything has the rooms that were left long ago, when it is asked for them', async db => {
  const rooms = roomsOn(db);
  using bench = new SyncBench(rooms);
  const room = await newRoom(rooms, { name: 'Grove' });
  await joinAll(rooms, room, [BOB]);
  await leave(rooms, room, { sender: BOB });
  await setState(rooms, room, ALICE, 'm.room.topic', { topic: 'behind the back' });
  const { next_batch: since } = await bench.as(BOB);
  const filter = { room: { include_leave: true } };
  assert.equal((await bench.as(BOB, since, { filter })).rooms, undefined);
  assert.equal((await bench.as(BOB, since, { fullState: true })).rooms, undefined);
  const left = (await bench.as(BOB, since, { filter, fullState: true })).rooms?.leave?.[room.roomId];
  assert.deepEqual(left?.timeline.events, []);
  const state = types(left?.state.events ?? []);
  assert.deepEqual(
    ['m.room.name', 'm.room.topic', `m.room.member ${BOB}`].map(type => state.includes(type)),
    [true, false, true],
  );
});
