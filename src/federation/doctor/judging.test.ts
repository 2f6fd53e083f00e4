import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { HistoryWorld } from '../../../test/support/history-world.ts';
import { DORA, EMIL, joinFrom } from '../../../test/support/remote-events.ts';
import { ALICE, bodiesSeen, say } from '../../../test/support/rooms.ts';
import { REDONE_SUBJECT } from '../../rooms/guessed-state.ts';
import { ingest } from '../../rooms/ingest.ts';
import type { StoredEvent } from '../../rooms/room.ts';
import { roomHead } from '../../rooms/rooms.table.ts';
import { Judging } from './judging.ts';

const signal = new AbortController().signal;

onEachDatabase('what a guess made us refuse is shown once what was missing has come', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const { here, there, told } = world;
  const remote = await world.newRoom();
  const room = await world.enter(remote);
  const take = async ({ event }: StoredEvent, isGuessed = false) => {
    const { state_root: stateBefore } = await roomHead(db, room.nid);
    const options = isGuessed ? { stateBefore, isGuessed } : {};
    return (await db.tx(tx => ingest(here, tx, room, event, options))).outcome;
  };
  const judging = new Judging(told);
  using _ = here.bus.subscribe(REDONE_SUBJECT, message => judging.hear(Number(message)));
  const joined = await joinFrom(there, remote, EMIL);
  const known = await say(there, remote, DORA, 'known');
  const said = await say(there, remote, EMIL, 'I am here');
  // Nobody could tell what lies before it, and so nobody here knows Emil.
  assert.equal(await take(known, true), 'accepted');
  assert.equal(await take(said), 'rejected');
  await judging.turn(signal);
  assert.deepEqual(await bodiesSeen(here, room, ALICE), ['known']);
  assert.equal(await take(joined), 'accepted');
  await judging.turn(signal);
  assert.deepEqual(await bodiesSeen(here, room, ALICE), ['known', 'I am here']);
  const head = await here.events.byId(db, said.event.id);
  assert.equal(head?.roomRoot, (await roomHead(db, room.nid)).state_root);
});
