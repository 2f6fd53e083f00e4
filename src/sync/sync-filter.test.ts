import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { ALICE, BOB, joinAll, newRoom, roomsOn, say } from '../../test/support/rooms.ts';
import { ids, SyncBench, types } from '../../test/support/sync.ts';
import type { JsonObject } from '../core/json.ts';
import type { StoredEvent } from '../rooms/room.ts';

const to = ({ event }: StoredEvent, relType: string) => ({
  'm.relates_to': { rel_type: relType, event_id: event.id },
});

onEachDatabase('each part of a filter can name rooms of its own', async db => {
  const rooms = roomsOn(db);
  using bench = new SyncBench(rooms, {
    roomAccountData: async () => [{ roomId: room.roomId, type: 'org.example.note', content: {} }],
  });
  const room = await newRoom(rooms, { name: 'Grove' });
  const hello = await say(rooms, room, ALICE, 'hello');
  bench.typing.set(room.nid, ALICE, 30_000);
  const part = async (name: string, filter: JsonObject) => {
    const answer = await bench.as(ALICE, undefined, { filter: { room: { timeline: { limit: 1 }, [name]: filter } } });
    return answer.rooms?.join?.[room.roomId];
  };
  const here = { rooms: [room.roomId] };
  const elsewhere = [{ rooms: ['!other:one.example'] }, { not_rooms: [room.roomId] }, { rooms: [] }];
  assert.equal(ids((await part('timeline', here))?.timeline.events ?? []).at(-1), hello.event.id);
  assert.equal(types((await part('state', here))?.state.events ?? []).includes('m.room.name'), true);
  assert.deepEqual(types((await part('ephemeral', here))?.ephemeral.events ?? []), ['m.typing']);
  assert.deepEqual(types((await part('account_data', here))?.account_data.events ?? []), ['org.example.note']);
  for (const filter of elsewhere) {
    const none = await part('timeline', filter);
    assert.deepEqual([none?.timeline.events, none?.timeline.limited], [[], false]);
    // What the timeline does not show is in the state.
    assert.equal(types(none?.state.events ?? []).includes('m.room.name'), true);
    assert.deepEqual((await part('state', filter))?.state.events, []);
    assert.deepEqual((await part('ephemeral', filter))?.ephemeral.events, []);
    assert.deepEqual((await part('account_data', filter))?.account_data.events, []);
  }
});

onEachDatabase('events can be asked for by what points to them', async db => {
  const rooms = roomsOn(db);
  using bench = new SyncBench(rooms);
  const room = await newRoom(rooms);
  await joinAll(rooms, room, [BOB]);
  const [first, second] = [await say(rooms, room, ALICE, 'first'), await say(rooms, room, ALICE, 'second')];
  await say(rooms, room, ALICE, 'nobody points here');
  await say(rooms, room, ALICE, 'reply', to(first, 'm.thread'));
  await say(rooms, room, BOB, 'reply', to(second, 'm.reference'));
  const shown = async (timeline: JsonObject) => {
    const answer = await bench.as(ALICE, undefined, { filter: { room: { timeline } } });
    return ids(answer.rooms?.join?.[room.roomId]?.timeline.events ?? []);
  };
  assert.deepEqual(await shown({ related_by_rel_types: ['m.thread'] }), [first.event.id]);
  assert.deepEqual(await shown({ related_by_rel_types: ['m.thread', 'm.reference'] }), [
    first.event.id,
    second.event.id,
  ]);
  assert.deepEqual(await shown({ related_by_senders: [BOB] }), [second.event.id]);
  assert.deepEqual(await shown({ related_by_rel_types: ['m.thread'], related_by_senders: [BOB] }), []);
  assert.deepEqual(await shown({ related_by_senders: ['@nobody:one.example'] }), []);
  // Empty lists ask for nothing.
  assert.ok((await shown({ related_by_rel_types: [], related_by_senders: [] })).length > 2);
});

onEachDatabase('a filter says which fields of events are wanted', async db => {
  const rooms = roomsOn(db);
  using bench = new SyncBench(rooms);
  const room = await newRoom(rooms, { name: 'Grove' });
  await say(rooms, room, ALICE, 'hello');
  const filter = { event_fields: ['content.body', 'sender'], room: { timeline: { limit: 1 } } };
  const block = (await bench.as(ALICE, undefined, { filter })).rooms?.join?.[room.roomId];
  assert.deepEqual(block?.timeline.events, [{ content: { body: 'hello' }, sender: ALICE }]);
  assert.deepEqual(new Set(block?.state.events.flatMap(event => Object.keys(event))), new Set(['sender']));
});

onEachDatabase('a filter can ask for events as they travel between servers', async db => {
  const rooms = roomsOn(db);
  using bench = new SyncBench(rooms);
  const room = await newRoom(rooms);
  const { event } = await say(rooms, room, ALICE, 'hello');
  const filter = { event_format: 'federation' };
  const [shown] =
    (await bench.as(ALICE, undefined, { filter })).rooms?.join?.[room.roomId]?.timeline.events.slice(-1) ?? [];
  const { unsigned, event_id: id, ...pdu } = { ...shown };
  assert.equal(id, event.id);
  assert.deepEqual(pdu, event.pdu);
  assert.equal(unsigned?.membership, 'join');
});
