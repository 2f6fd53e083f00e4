import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { ALICE, BOB, joinAll, newRoom, roomsOn, say } from '../../test/support/rooms.ts';
import { SyncBench } from '../../test/support/sync.ts';
import { setReceipt, UNTHREADED } from '../rooms/receipts.table.ts';

onEachDatabase('receipts for the room and for a thread that stand at one event are both told', async db => {
  const rooms = roomsOn(db);
  using bench = new SyncBench(rooms);
  const room = await newRoom(rooms);
  await joinAll(rooms, room, [BOB]);
  const { event, pos = 0 } = await say(rooms, room, ALICE, 'hello');
  const { next_batch: since } = await bench.as(ALICE);
  for (const [ts, thread] of [[1, 'main'] as const, [2, UNTHREADED] as const]) {
    await db.tx(async tx => {
      const userNid = await rooms.nids.users.internOne(tx, BOB);
      await setReceipt(tx, rooms.bus, room, { userNid, type: 'm.read', thread, eventId: event.id, eventPos: pos, ts });
    });
  }
  const answer = (await bench.as(ALICE, since)).rooms?.join?.[room.roomId];
  const told = answer?.ephemeral.events.filter(({ type }) => type === 'm.receipt').map(({ content }) => content);
  const receipt = (content: object) => ({ [event.id]: { 'm.read': { [BOB]: content } } });
  assert.deepEqual(
    new Set(told?.map(content => JSON.stringify(content))),
    new Set([receipt({ ts: 1, thread_id: 'main' }), receipt({ ts: 2 })].map(content => JSON.stringify(content))),
  );
});
