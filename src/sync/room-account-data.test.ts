import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { ALICE, BOB, joinAll, newRoom, roomsOn } from '../../test/support/rooms.ts';
import { type RoomAnswer, SyncBench } from '../../test/support/sync.ts';
import type { RoomId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { join, leave } from '../rooms/membership.ts';
import type { SyncSources } from './sources.ts';

const told = (block: RoomAnswer | undefined) => block?.account_data.events.map(({ type }) => type).toSorted();

/** What a user has attached to one room, by positions in the user's log that are over before any sync. */
function attached(roomId: () => RoomId, items: readonly { readonly type: string; readonly content: JsonObject }[]) {
  const all = () => items.map(item => ({ ...item, roomId: roomId() }));
  const sources: Partial<SyncSources> = {
    roomAccountData: async (_db, _user, after) => (after === undefined ? all() : []),
    accountDataOf: async (_db, _user, roomIds) => (roomIds.includes(roomId()) ? all() : []),
  };
  return sources;
}

onEachDatabase('what is attached to a room comes with it when the room is left, and when it is joined', async db => {
  const rooms = roomsOn(db);
  const room = await newRoom(rooms);
  const items = [
    { type: 'm.tag', content: { tags: { 'm.favourite': {} } } },
    { type: 'org.example.mine', content: {} },
  ];
  using bench = new SyncBench(
    rooms,
    attached(() => room.roomId, items),
  );
  await joinAll(rooms, room, [BOB]);
  await leave(rooms, room, { sender: BOB });
  const wanted = { include_leave: true };
  const some: JsonObject = { room: { ...wanted, account_data: { types: ['m.tag'] } } };
  const all = await bench.as(BOB, undefined, { filter: { room: wanted } });
  assert.deepEqual(told(all.rooms?.leave?.[room.roomId]), ['m.tag', 'org.example.mine']);
  const { rooms: found, next_batch: since } = await bench.as(BOB, undefined, { filter: some });
  assert.deepEqual(told(found?.leave?.[room.roomId]), ['m.tag']);
  await join(rooms, room, { sender: BOB });
  const back = await bench.as(BOB, since);
  assert.deepEqual(told(back.rooms?.join?.[room.roomId]), ['m.tag', 'org.example.mine']);
  const filtered = await bench.as(BOB, since, { filter: some });
  assert.deepEqual(told(filtered.rooms?.join?.[room.roomId]), ['m.tag']);
  const other = await bench.as(ALICE, since);
  assert.deepEqual(told(other.rooms?.join?.[room.roomId]), [], 'who was there all the time has it already');
});
