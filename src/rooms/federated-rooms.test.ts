import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { onEachDatabase } from '../../test/support/databases.ts';
import { comeInto, memberEvent, otherServer, wholeState } from '../../test/support/other-server.ts';
import { DORA, TWO } from '../../test/support/remote-events.ts';
import {
  ALICE,
  BOB,
  bodiesSeen,
  joinAll,
  newRoom,
  roomsOn,
  say,
  setState,
  timelineOf,
} from '../../test/support/rooms.ts';
import type { Event } from '../core/event.ts';
import type { EventId, UserId } from '../core/ids.ts';
import { sql } from '../db/sql.ts';
import { backwardExtremities } from './backward-extremities.table.ts';
import { currentMembership } from './current-membership.ts';
import { addHole, extremities } from './extremities.table.ts';
import { ingestHistory, makePlace } from './history.ts';
import { ingest, UnknownStateError } from './ingest.ts';
import { join, leave } from './membership.ts';
import { storeOutOfBand } from './out-of-band.ts';
import { storeOutliers } from './outliers.ts';
import type { RoomsParts } from './parts.ts';
import { OUTLIER, OWN, type Room } from './room.ts';
import { serversIn, sharedRooms } from './room-domains.table.ts';
import { roomHead } from './rooms.table.ts';
import { stateOfEvents } from './state-of-events.ts';
import { strippedState } from './stripped-state.ts';

const ids = (events: readonly Event[]): EventId[] => events.map(event => event.id);

/** `here` comes into a room of `there` by a join of Alice's. */
async function enter(here: RoomsParts, there: RoomsParts, room: Room, user: UserId = ALICE) {
  const entered = await comeInto(here, there, room, user);
  const { outcome } = await there.db.tx(tx => ingest(there, tx, room, entered.event, { distribute: true }));
  assert.equal(outcome, 'accepted');
  return entered;
}

async function twoServers(db: Parameters<typeof roomsOn>[0], t: TestContext, version = '11') {
  const here = roomsOn(db);
  const there = await otherServer(t, TWO);
  const remote = await newRoom(there, { creator: DORA, version });
  return { here, there, remote };
}

onEachDatabase('what came with the join is no news when it is sent again', async (db, t) => {
  const { here, there, remote } = await twoServers(db, t);
  const { room, state } = await enter(here, there, remote);
  const before = await roomHead(db, room.nid);
  const heads = await extremities(db, room.nid);
  for (const event of state) {
    const { outcome, stored } = await db.tx(tx => ingest(here, tx, room, event));
    assert.deepEqual([outcome, stored.pos], ['known', undefined], event.type);
  }
  // Else the state as it was at the beginning would stand beside that of now, and members would be lost between them.
  assert.deepEqual(await roomHead(db, room.nid), before);
  assert.deepEqual(await extremities(db, room.nid), heads);
});

onEachDatabase('a server comes into a room with the state that it was told, and goes on in it', async (db, t) => {
  for (const version of ['11', '12']) {
    const { here, there, remote } = await twoServers(db, t, version);
    await say(there, remote, DORA, 'before');
    const { room, event, state } = await enter(here, there, remote);
    const head = await roomHead(db, room.nid);
    assert.equal(head.joined_count, 2);
    assert.ok(head.create_nid !== null);
    assert.deepEqual(await backwardExtremities(db, room.nid), event.prevIds);
    const [first] = state;
    assert.equal((await here.events.byId(db, first!.id))?.flags, OUTLIER);
    const servers = await here.nids.domains.names(db, await serversIn(db, room.nid));
    assert.deepEqual([...servers.values()].sort(), ['one.example', 'two.example']);
    const two = (await here.nids.domains.findOne(db, TWO)) ?? 0;
    const one = (await here.nids.domains.findOne(db, here.serverName)) ?? 0;
    assert.deepEqual((await sharedRooms(db, two, one)).includes(room.nid), true);
    // Both go on; what one says the other takes in.
    const said = await say(here, room, ALICE, 'hello');
    assert.equal(said.flags, OWN);
    await there.db.tx(tx => ingest(there, tx, remote, said.event));
    const answer = await say(there, remote, DORA, 'hello yourself');
    assert.equal((await db.tx(tx => ingest(here, tx, room, answer.event))).outcome, 'accepted');
    assert.deepEqual(await bodiesSeen(here, room, ALICE), ['hello', 'hello yourself']);
    assert.deepEqual(await bodiesSeen(there, remote, DORA), ['before', 'hello', 'hello yourself']);
    assert.equal((await extremities(db, room.nid)).length, 1);
    await join(here, room, { sender: BOB });
    assert.equal((await roomHead(db, room.nid)).joined_count, 3);
  }
});

onEachDatabase(
  'an event whose place is not known waits for its state; what fills a hole is shown at last',
  async (db, t) => {
    const { here, there, remote } = await twoServers(db, t);
    const { room } = await enter(here, there, remote);
    const lost = await say(there, remote, DORA, 'lost');
    const found = await say(there, remote, DORA, 'found');
    await assert.rejects(
      db.tx(tx => ingest(here, tx, room, found.event)),
      UnknownStateError,
    );
    assert.equal(await here.events.byId(db, found.event.id), undefined);
    const stateBefore = (await roomHead(db, room.nid)).state_root;
    assert.equal((await db.tx(tx => ingest(here, tx, room, found.event, { stateBefore }))).outcome, 'accepted');
    assert.equal((await extremities(db, room.nid)).length, 2);
    // Dora is banned meanwhile: the hole is filled all the same, since what builds on it stands already.
    await setState(here, room, ALICE, 'm.room.topic', { topic: 'x' }).catch(() => undefined);
    const late = await db.tx(tx => ingest(here, tx, room, lost.event));
    assert.equal(late.outcome, 'accepted');
    assert.deepEqual(await bodiesSeen(here, room, ALICE), ['found', 'lost']);
    const tips = await here.events.byNids(db, await extremities(db, room.nid));
    assert.ok(![...tips.values()].some(({ event }) => event.id === lost.event.id), 'it is no end of the room');
  },
);

onEachDatabase('older events come before all others, up to the beginning of the room', async (db, t) => {
  const { here, there, remote } = await twoServers(db, t);
  for (const body of ['one', 'two', 'three']) await say(there, remote, DORA, body);
  const { room, state } = await enter(here, there, remote);
  const all = (await timelineOf(there, remote)).map(stored => stored.event).slice(0, -1);
  const newest = all.slice(-2);
  const root = (await roomHead(db, room.nid)).state_root;
  const older = (events: readonly Event[], gapPos: number, edge: readonly Event[]) =>
    db.tx(async tx => {
      const first = (await makePlace(tx, room, gapPos, events.length)) ?? Number.NaN;
      const statesBefore = new Map(edge.map(event => [event.id, root]));
      return ingestHistory(here, tx, room, events, { first, gapPos: first, statesBefore });
    });
  assert.deepEqual([...(await older(newest, 0, [])).values()], ['left out', 'left out']);
  // Something beside our join builds on it too, and so it counts as missing.
  await db.tx(tx => addHole(tx, room.nid, newest[0]!.id, 1, 0));
  const outcomes = await older(newest, -2, newest.slice(0, 1));
  assert.deepEqual([...outcomes.values()], ['accepted', 'accepted']);
  assert.deepEqual(await backwardExtremities(db, room.nid), newest[0]!.prevIds);
  assert.deepEqual(await db.all(sql`select event_id from hole`), []);
  const rest = all.slice(0, -2);
  await older(rest, -4, []);
  assert.deepEqual(await backwardExtremities(db, room.nid), []);
  const timeline = await timelineOf(here, room);
  assert.deepEqual(ids(timeline.map(stored => stored.event)).slice(0, -1), ids(all));
  assert.ok(timeline.slice(0, -1).every(stored => stored.pos! < 0));
  assert.ok(
    timeline.every(stored => (stored.flags & OUTLIER) === 0),
    'the state events have their place now',
  );
  assert.equal((await roomHead(db, room.nid)).state_root, root);
  assert.deepEqual([...(await older(newest, -100, newest)).values()], ['known', 'known'], 'twice does no harm');
  assert.ok(state.length > 0);
});

onEachDatabase('an invite into a room that we are not in is shown with what came along, and ends', async (db, t) => {
  const { here, there, remote } = await twoServers(db, t);
  const told = [{ type: 'm.room.name', state_key: '', sender: DORA, content: { name: 'Far away' } }];
  const invited = await memberEvent(there, there, remote, { sender: DORA, target: ALICE, membership: 'invite' });
  const [room, invite] = await db.tx(async tx => {
    const found = await here.rooms.findOrCreate(tx, remote.roomId, remote.version);
    return [found, await storeOutOfBand(here, tx, found, invited, told)] as const;
  });
  assert.equal((await currentMembership(here, db, room, ALICE))?.membership, 'invite');
  const [name, own] = await strippedState(here, db, room, (await here.events.byNid(db, invite.nid))!);
  assert.deepEqual([name, own?.content], [told[0], { membership: 'invite' }]);
  assert.equal((await roomHead(db, room.nid)).invited_count, 1);
  await assert.rejects(leave(here, room, { sender: BOB }));
  const declined = await memberEvent(here, there, remote, { sender: ALICE, target: ALICE, membership: 'leave' });
  const left = await db.tx(tx => storeOutOfBand(here, tx, room, declined, told));
  assert.equal(left.replacesNid, invite.nid);
  assert.equal((await currentMembership(here, db, room, ALICE))?.membership, 'leave');
  assert.equal((await roomHead(db, room.nid)).invited_count, 0);
});

onEachDatabase('of a state that was told only what its auth events allow counts', async (db, t) => {
  const { here, there, remote } = await twoServers(db, t);
  await joinAll(there, remote, ['@gus:two.example' as UserId]);
  const state = await wholeState(there, remote);
  const gus = state.find(event => event.stateKey === '@gus:two.example')!;
  const power = state.find(event => event.type === 'm.room.power_levels')!;
  const forged = { ...power, id: '$forged' as EventId, sender: '@gus:two.example' as UserId } as Event;
  const orphan = { ...gus, id: '$orphan' as EventId, authIds: ['$nobody' as EventId] } as Event;
  const all = [...state, forged, orphan];
  const { room, outcomes, root } = await db.tx(async tx => {
    const found = await here.rooms.findOrCreate(tx, remote.roomId, remote.version);
    const result = await storeOutliers(here, tx, found, all);
    return { room: found, outcomes: result, root: await stateOfEvents(here, tx, found, ids(all)) };
  });
  assert.equal(outcomes.get(gus.id), 'accepted');
  assert.equal(outcomes.get(forged.id), 'rejected');
  assert.equal(outcomes.get(orphan.id), 'unjudged');
  assert.equal(await here.events.byId(db, orphan.id), undefined);
  assert.equal(await here.trees.count(db, room.nid, root), state.length);
});
