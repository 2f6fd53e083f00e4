/** What a sync tells belongs together, also when another process has already gone on. */
import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { heard, twoBuses } from '../../test/support/joined-buses.ts';
import { ALICE, BOB, joinAll, newRoom, roomsOn, SERVER, say } from '../../test/support/rooms.ts';
import { ids, SyncBench } from '../../test/support/sync.ts';
import type { Database, Tx } from '../db/database.ts';
import { addNotifications, counts } from '../push/notifications.table.ts';
import type { Room, StoredEvent } from '../rooms/room.ts';
import { nextUserPos } from '../rooms/user-log.table.ts';

/** Every message notifies Bob; he asks another process than the one at which it is said. */
async function twoProcesses(db: Database) {
  const [busHere, busThere] = twoBuses();
  const there = roomsOn(db, SERVER, busThere);
  const bob = await db.tx(tx => there.nids.users.internOne(tx, BOB));
  const eventAccepted = async (tx: Tx, room: Room, { nid, pos, event }: StoredEvent & { readonly pos: number }) => {
    if (event.type !== 'm.room.message') return;
    const what = { thread: 'main', highlight: false, actions: '[]', ts: 1 };
    await addNotifications(tx, [{ ...what, userNid: bob, roomNid: room.nid, pos, eventNid: nid }]);
  };
  const here = { ...roomsOn(db, SERVER, busHere), notifications: { eventAccepted } };
  const room = await newRoom(here);
  await joinAll(here, room, [BOB]);
  return { here, room, bob, busHere, busThere, bench: new SyncBench(there, { unread: counts }) };
}

onEachDatabase('a message is not counted before it is shown', async db => {
  const { here, room, busThere, bench } = await twoProcesses(db);
  using _ = bench;
  const { next_batch: since } = await bench.as(BOB);
  await say(here, room, ALICE, 'told');
  await heard();
  busThere.isCut = true;
  await say(here, room, ALICE, 'on its way');
  const { rooms } = await bench.as(BOB, since);
  const shown = rooms?.join?.[room.roomId] as unknown as Record<string, unknown> | undefined;
  assert.deepEqual(shown?.unread_notifications, { notification_count: 1, highlight_count: 0 });
  assert.equal(rooms?.join?.[room.roomId]?.timeline.events.length, 1);
});

onEachDatabase('what a user did because of a message does not come before it', async db => {
  const { here, room, bob, busHere, busThere, bench } = await twoProcesses(db);
  using _ = bench;
  const { next_batch: since } = await bench.as(BOB);
  busThere.isCut = true;
  const { event } = await say(here, room, ALICE, 'on its way');
  await db.tx(tx => nextUserPos(tx, busHere, bob));
  const { rooms } = await bench.as(BOB, since);
  assert.deepEqual(ids(rooms?.join?.[room.roomId]?.timeline.events ?? []), [event.id]);
});
