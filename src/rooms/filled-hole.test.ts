import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { onEachDatabase } from '../../test/support/databases.ts';
import { comeInto, otherServer } from '../../test/support/other-server.ts';
import { DORA, EMIL, TWO } from '../../test/support/remote-events.ts';
import { ALICE, bodiesSeen, joinAll, newRoom, roomsOn, say, setState } from '../../test/support/rooms.ts';
import type { Database } from '../db/database.ts';
import { stemsFromGuess } from './guessed-state.ts';
import { ingest } from './ingest.ts';
import { invite } from './membership.ts';
import type { RoomsParts } from './parts.ts';
import type { Room, StoredEvent } from './room.ts';
import { roomHead } from './rooms.table.ts';

type Aside = (here: RoomsParts, room: Room) => Promise<unknown>;

/**
 * Alice's server has a message that was judged by its own state: what lies before could not be had. `aside`: what is done
 * there meanwhile.
 */
async function withHole(db: Database, t: TestContext, aside: Aside = async () => undefined) {
  const here = roomsOn(db);
  const there = await otherServer(t, TWO);
  const remote = await newRoom(there, { creator: DORA, version: '11', powerLevelOverride: { invite: 0 } });
  await setState(there, remote, DORA, 'm.room.topic', { topic: 'old' });
  const { room, event } = await comeInto(here, there, remote, ALICE);
  await there.db.tx(tx => ingest(there, tx, remote, event));
  await joinAll(there, remote, [EMIL]);
  const joined = (
    await there.state.events(there.db, remote, await rootOf(there, remote), [['m.room.member', EMIL]])
  )[0]!;
  const topic = await there.events.byId(
    there.db,
    await setState(there, remote, DORA, 'm.room.topic', { topic: 'new' }),
  );
  const known = await say(there, remote, DORA, 'known');
  await aside(here, room);
  const stateBefore = await rootOf(here, room);
  await db.tx(tx => ingest(here, tx, room, known.event, { stateBefore, isGuessed: true }));
  const take = async (...events: readonly StoredEvent[]) => {
    for (const each of events) {
      const { outcome } = await db.tx(tx => ingest(here, tx, room, each.event));
      assert.equal(outcome, 'accepted', each.event.type);
    }
  };
  const topicHere = async () => (await here.state.event(db, room, await rootOf(here, room), 'm.room.topic'))?.content;
  return { here, there, remote, room, take, joined, topic: topic!, topicHere, guess: known };
}

async function rootOf(parts: RoomsParts, room: Room): Promise<number> {
  return (await roomHead(parts.db, room.nid)).state_root;
}

onEachDatabase('what missing events did stands in the state of the room once they have come', async (db, t) => {
  const { here, there, remote, room, take, joined, topic, topicHere } = await withHole(db, t);
  assert.deepEqual(await topicHere(), { topic: 'old' });
  await take(joined, topic);
  assert.deepEqual(await topicHere(), { topic: 'new' });
  await take(await say(there, remote, EMIL, 'I am here'));
  assert.deepEqual(await bodiesSeen(here, room, ALICE), ['known', 'I am here'], 'its sender is a member');
});

onEachDatabase('what took the place of something later stays when what was missing comes', async (db, t) => {
  const { there, remote, take, joined, topic, topicHere } = await withHole(db, t);
  const newer = await there.events.byId(
    there.db,
    await setState(there, remote, DORA, 'm.room.topic', { topic: 'newer' }),
  );
  await take(newer!, joined, topic);
  assert.deepEqual(await topicHere(), { topic: 'newer' });
});

onEachDatabase('what was done beside the missing events is weighed against them, as it is elsewhere', async (db, t) => {
  const { here, there, remote, room, take, joined, topic, guess } = await withHole(db, t, (parts, at) =>
    // Emil has joined where nobody here knows of it.
    invite(parts, at, { sender: ALICE }, EMIL),
  );
  const memberOf = async (parts: RoomsParts, at: Room) =>
    (await parts.state.event(parts.db, at, await rootOf(parts, at), 'm.room.member', EMIL))?.id;
  const invited = (await here.events.byId(db, (await memberOf(here, room))!))!;
  await there.db.tx(tx => ingest(there, tx, remote, invited.event));
  assert.equal(await memberOf(there, remote), joined.event.id, 'the join wins where both are known');
  assert.equal(await memberOf(here, room), invited.event.id);
  const answer = await say(here, room, ALICE, 'built on the guess');
  const areGuesses = async () => {
    const both = await here.events.byIds(db, [guess.event.id, answer.event.id]);
    return Promise.all([...both.values()].map(each => stemsFromGuess(here, db, each)));
  };
  assert.deepEqual(await areGuesses(), [true, true]);
  await take(joined, topic);
  assert.equal(await memberOf(here, room), joined.event.id);
  await there.db.tx(tx => ingest(there, tx, remote, answer.event));
  assert.equal(await memberOf(there, remote), joined.event.id);
  assert.deepEqual(await areGuesses(), [false, false]);
});
