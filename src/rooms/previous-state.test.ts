import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { ALICE, BOB, CAROL, newRoom, roomsOn, setState, setVisibility, viewOf } from '../../test/support/rooms.ts';
import { SyncBench } from '../../test/support/sync.ts';
import type { UserId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { compileFilter } from './event-filter.ts';
import { invite, join, kick, leave } from './membership.ts';
import { messages } from './messages.ts';
import type { RoomsParts } from './parts.ts';
import type { Room } from './room.ts';
import { readableRoom } from './room-access.ts';

/** What a user is told of topics: the topic, that before it, and whether the event before it is named. */
async function topicsSeen(rooms: RoomsParts, room: Room, userId: UserId): Promise<unknown[]> {
  const view = await viewOf(rooms, userId);
  const query = { direction: 'f', from: undefined, to: undefined, limit: 100, filter: compileFilter() } as const;
  const readable = await readableRoom(rooms, room.roomId, view);
  const { chunk } = await messages(rooms, rooms.db, readable, view, query);
  return (chunk as JsonObject[])
    .filter(event => event.type === 'm.room.topic')
    .map(event => {
      const { prev_content: before, replaces_state: id } = event.unsigned as JsonObject;
      return [(event.content as JsonObject).topic, (before as JsonObject | undefined)?.topic, id !== undefined];
    });
}

onEachDatabase('what was there before is told to those who may see it', async db => {
  const rooms = roomsOn(db);
  const room = await newRoom(rooms);
  const topic = (text: string) => setState(rooms, room, ALICE, 'm.room.topic', { topic: text });
  await setVisibility(rooms, room, 'joined');
  await join(rooms, room, { sender: BOB });
  for (const text of ['one', 'two']) await topic(text);
  await join(rooms, room, { sender: CAROL });
  await topic('three');
  await leave(rooms, room, { sender: CAROL });
  await topic('four');
  await setVisibility(rooms, room, 'world_readable');
  await topic('five');
  await topic('six');
  const last = [
    ['five', 'four', true],
    ['six', 'five', true],
  ];
  const first = [
    ['one', undefined, false],
    ['two', 'one', true],
  ];
  const middle = [
    ['three', 'two', true],
    ['four', 'three', true],
  ];
  assert.deepEqual(await topicsSeen(rooms, room, BOB), [...first, ...middle, ...last]);
  const outside = [['five', undefined, true], last[1]];
  // What was the topic when she came she was told by the state.
  assert.deepEqual(await topicsSeen(rooms, room, CAROL), [middle[0], ...outside]);
  assert.deepEqual(await topicsSeen(rooms, room, '@stranger:one.example' as UserId), outside);
});

onEachDatabase('whoever comes later still learns who changed a name, and who was thrown out', async db => {
  const rooms = roomsOn(db);
  using bench = new SyncBench(rooms);
  const room = await newRoom(rooms);
  await setVisibility(rooms, room, 'joined');
  await join(rooms, room, { sender: BOB, content: { displayname: 'Bob' } });
  await join(rooms, room, { sender: CAROL });
  const { next_batch: since } = await bench.as(CAROL);
  await join(rooms, room, { sender: BOB, content: { displayname: 'Robert' } });
  await kick(rooms, room, { sender: ALICE }, BOB);
  const events = (await bench.as(CAROL, since)).rooms?.join?.[room.roomId]?.timeline.events ?? [];
  assert.deepEqual(
    events.map(({ unsigned }) => (unsigned?.prev_content as JsonObject | undefined)?.displayname),
    ['Bob', 'Robert'],
  );
});

onEachDatabase('the state in a sync tells what was there before of the own membership alone', async db => {
  const rooms = roomsOn(db);
  using bench = new SyncBench(rooms);
  const room = await newRoom(rooms, { preset: 'private_chat' });
  await setVisibility(rooms, room, 'joined');
  await join(rooms, room, { sender: ALICE, content: { displayname: 'secret' } });
  await join(rooms, room, { sender: ALICE, content: { displayname: 'Alice' } });
  await invite(rooms, room, { sender: ALICE, content: { is_direct: true } }, BOB);
  await join(rooms, room, { sender: BOB });
  await setState(rooms, room, ALICE, 'm.room.topic', { topic: 'the last word' });
  const answer = await bench.as(BOB, undefined, { filter: { room: { timeline: { limit: 1 } } } });
  const state = answer.rooms?.join?.[room.roomId]?.state.events ?? [];
  const [own] = state.filter(event => event.state_key === BOB);
  assert.deepEqual(own?.unsigned?.prev_content, { membership: 'invite', is_direct: true });
  assert.equal(own?.unsigned?.prev_sender, ALICE);
  assert.ok(state.some(event => event.state_key === ALICE && event.content.displayname === 'Alice'));
  assert.equal(JSON.stringify(state).includes('secret'), false);
});
