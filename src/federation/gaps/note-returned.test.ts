import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { HistoryWorld } from '../../../test/support/history-world.ts';
import { DORA, TWO } from '../../../test/support/remote-events.ts';
import { ALICE, bodiesSeen, say } from '../../../test/support/rooms.ts';
import type { EventId } from '../../core/ids.ts';
import { probeHeads } from '../probing/head-probe.ts';
import { beginEpoch, putReturned, returnedEvents } from './returned-event.table.ts';

onEachDatabase('what comes back of ours is kept, in this epoch and not without bound', async db => {
  const at = (n: number, ts: number) => ({ eventId: `$${n}` as EventId, server: TWO, ts });
  await db.tx(async tx => {
    await putReturned(tx, at(1, 100));
    await putReturned(tx, at(1, 100));
    await putReturned(tx, at(2, 300));
    await putReturned(tx, at(3, 200));
  });
  assert.deepEqual(await returnedEvents(db), { begun: 0, events: 3, newest: at(2, 300) });
  await db.tx(tx => beginEpoch(tx, 1000));
  assert.deepEqual(await returnedEvents(db), { begun: 1000, events: 0, newest: undefined });
  await db.tx(async tx => {
    await putReturned(tx, at(4, 1000));
    for (let n = 0; n < 1010; n++) await putReturned(tx, at(n + 10, 1001));
  });
  assert.equal((await returnedEvents(db)).events, 1000);
});

onEachDatabase('events of others are fetched without a note', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const remote = await world.newRoom();
  const room = await world.enter(remote);
  await say(world.here, room, ALICE, 'ours');
  await say(world.there, remote, DORA, 'theirs');
  assert.equal(await probeHeads(world.probing, room, TWO), 'behind');
  await world.settled();
  assert.deepEqual((await bodiesSeen(world.here, room, ALICE)).toSorted(), ['ours', 'theirs']);
  assert.deepEqual(await returnedEvents(db), { begun: 0, events: 0, newest: undefined });
});
