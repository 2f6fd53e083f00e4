/** Several processes over one database: who waits at one is woken by what happens at another. */
import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { heard, twoBuses } from '../../test/support/joined-buses.ts';
import { ALICE, BOB, CAROL, joinAll, newRoom, roomsOn, SERVER, say } from '../../test/support/rooms.ts';
import { SyncBench } from '../../test/support/sync.ts';
import type { Database } from '../db/database.ts';

async function twoProcesses(db: Database) {
  const [busHere, busThere] = twoBuses();
  const [here, there] = [roomsOn(db, SERVER, busHere), roomsOn(db, SERVER, busThere)];
  const room = await newRoom(here);
  await joinAll(here, room, [BOB]);
  return { here, there, busThere, room, bench: new SyncBench(there) };
}

onEachDatabase('who waits at one process hears of what is said at another', async db => {
  const { here, room, bench } = await twoProcesses(db);
  using _ = bench;
  const { next_batch: since } = await bench.as(BOB);
  const waiting = bench.as(BOB, since, { timeoutMs: 20_000 });
  await heard();
  const { event } = await say(here, room, ALICE, 'hello');
  const { rooms } = await waiting;
  assert.equal(rooms?.join?.[room.roomId]?.timeline.events[0]?.event_id, event.id);
});

onEachDatabase('who waits looks again when hints were lost, and new members are woken', async db => {
  const { here, room, bench, busThere } = await twoProcesses(db);
  using _ = bench;
  const { next_batch: since } = await bench.as(BOB);
  const waiting = bench.as(BOB, since, { timeoutMs: 20_000 });
  await heard();
  busThere.isCut = true;
  await say(here, room, ALICE, 'lost');
  await joinAll(here, room, [CAROL]);
  busThere.tellMissed();
  assert.equal((await waiting).rooms?.join?.[room.roomId]?.timeline.events.length, 2);
  busThere.isCut = false;
  const { next_batch: later } = await bench.as(CAROL);
  const carol = bench.as(CAROL, later, { timeoutMs: 20_000 });
  await heard();
  const { event } = await say(here, room, ALICE, 'welcome');
  assert.equal((await carol).rooms?.join?.[room.roomId]?.timeline.events[0]?.event_id, event.id);
});
