import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { onEachDatabase } from '../../test/support/databases.ts';
import { joinEvent, otherServer, wholeState } from '../../test/support/other-server.ts';
import { DORA, EMIL, TWO } from '../../test/support/remote-events.ts';
import { ALICE, joinAll, newRoom, roomsOn, say, setState, timelineOf } from '../../test/support/rooms.ts';
import type { Event } from '../core/event.ts';
import type { UserId } from '../core/ids.ts';
import type { Database } from '../db/database.ts';
import { make } from './append.ts';
import { completeState } from './complete-state.ts';
import { currentMembership } from './current-membership.ts';
import { enterRoom } from './enter-room.ts';
import { lacksMembers, markIncomplete } from './incomplete-rooms.ts';
import { ingest } from './ingest.ts';
import { ban, leave } from './membership.ts';
import { storeOutliers } from './outliers.ts';
import type { RoomsParts } from './parts.ts';
import { resolveRoots } from './resolve.ts';
import { type Room, SOFT_FAILED, type StoredEvent } from './room.ts';
import { serversIn } from './room-domains.table.ts';
import { roomHead } from './rooms.table.ts';
import { stateOfEvents } from './state-of-events.ts';

const FRED = '@fred:two.example' as UserId;

/** Alice of ours comes into a room of Dora's with Emil and Fred in it, of whom she is not told. */
async function enterWithoutMembers(
  db: Database,
  t: TestContext,
  before?: (there: RoomsParts, room: Room) => Promise<unknown>,
) {
  const here = roomsOn(db);
  const there = await otherServer(t, TWO);
  const remote = await newRoom(there, { creator: DORA, version: '11' });
  await joinAll(there, remote, [EMIL, FRED]);
  await before?.(there, remote);
  const state = await wholeState(there, remote);
  const chain = (await timelineOf(there, remote)).map(stored => stored.event);
  const event = await joinEvent(here, there, remote, ALICE);
  const isTold = ({ type, stateKey }: Event) => type !== 'm.room.member' || stateKey === DORA;
  const partly = state.filter(isTold).map(each => each.id);
  const { room, join } = await db.tx(async tx => {
    const room = await here.rooms.findOrCreate(tx, remote.roomId, remote.version);
    await storeOutliers(here, tx, room, chain);
    const root = await stateOfEvents(here, tx, room, partly, { partial: true });
    const join = await enterRoom(here, tx, room, event, root);
    await markIncomplete(here, tx, room, join, [TWO, 'three.example' as never]);
    return { room, join };
  });
  await there.db.tx(tx => ingest(there, tx, remote, event));
  const complete = () =>
    db.tx(async tx => {
      const ids = state.map(each => each.id);
      await completeState(here, tx, room, join, await stateOfEvents(here, tx, room, ids));
    });
  const take = (stored: StoredEvent) => db.tx(tx => ingest(here, tx, room, stored.event));
  const membership = async (user: UserId) => (await currentMembership(here, db, room, user))?.membership;
  const servers = async () => [...(await here.nids.domains.names(db, await serversIn(db, room.nid))).values()].sort();
  const whole = state.map(each => each.id);
  return { here, there, remote, room, join, whole, complete, take, membership, servers };
}

onEachDatabase('what came while members were missing stands on the whole state afterwards', async (db, t) => {
  const { here, there, remote, room, complete, take, membership, servers } = await enterWithoutMembers(db, t);
  assert.deepEqual(await servers(), ['one.example', 'three.example', TWO], 'the servers that were told count');
  assert.equal(await lacksMembers(db, room), true);
  const own = await say(here, room, ALICE, 'mine');
  await there.db.tx(tx => ingest(there, tx, remote, own.event));
  const said = await say(there, remote, EMIL, 'theirs');
  assert.equal((await take(said)).outcome, 'accepted', 'whom we do not know may speak');
  await setState(there, remote, DORA, 'm.room.topic', { topic: 'new' });
  const topic = await there.state.events(there.db, remote, (await roomHead(there.db, remote.nid)).state_root, [
    ['m.room.topic', ''],
  ]);
  await take(topic[0]!);
  assert.equal(await membership(FRED), undefined);
  await complete();
  assert.equal(await lacksMembers(db, room), false);
  for (const user of [DORA, EMIL, FRED, ALICE]) assert.equal(await membership(user), 'join');
  const head = await roomHead(db, room.nid);
  assert.equal(head.joined_count, 4);
  assert.equal(await here.trees.isPartial(db, room.nid, head.state_root), false);
  const theirs = await roomHead(there.db, remote.nid);
  assert.equal(
    await here.trees.count(db, room.nid, head.state_root),
    await there.trees.count(there.db, remote.nid, theirs.state_root),
  );
  assert.equal(
    await here.state.event(db, room, head.state_root, 'm.room.topic').then(event => event?.content.topic),
    'new',
  );
  assert.deepEqual(await servers(), ['one.example', TWO], 'counted by the members now');
  const stored = await here.events.byId(db, said.event.id);
  assert.equal(await here.state.membership(db, room, stored?.stateBefore ?? 0, FRED), 'join');
  const next = await say(here, room, ALICE, 'next');
  assert.equal(await here.state.membership(db, room, next.roomRoot, FRED), 'join');
});

onEachDatabase('an event by one who was banned has no effect any more once the ban is known', async (db, t) => {
  const banned = (there: RoomsParts, room: Room) => ban(there, room, { sender: DORA }, FRED);
  const { here, there, remote, room, join, complete, membership } = await enterWithoutMembers(db, t, banned);
  const { state_root: root } = await roomHead(there.db, remote.nid);
  const rules = await there.state.events(there.db, remote, root, [
    ['m.room.create', ''],
    ['m.room.power_levels', ''],
  ]);
  const joined = (await timelineOf(there, remote)).find(({ event }) => event.stateKey === FRED);
  // By the membership that Fred had, and no word of the ban.
  const message = make(there, room.version, {
    type: 'm.room.message',
    sender: FRED,
    content: { body: 'still here' },
    room_id: room.roomId,
    prev_events: [join.event.id],
    auth_events: [...rules, joined!].map(({ event }) => event.id),
    depth: join.event.depth + 1,
    origin_server_ts: here.clock.now(),
  });
  assert.equal((await db.tx(tx => ingest(here, tx, room, message))).outcome, 'accepted');
  assert.equal(await membership(FRED), undefined);
  await complete();
  assert.equal(await membership(FRED), 'ban');
  assert.ok(((await here.events.byId(db, message.id))?.flags ?? 0) & SOFT_FAILED);
});

onEachDatabase('a state that changed while members were missing is kept, and who left has left', async (db, t) => {
  const { there, remote, complete, take, membership } = await enterWithoutMembers(db, t);
  const id = await leave(there, remote, { sender: EMIL });
  await take((await there.events.byId(there.db, id))!);
  assert.equal(await membership(EMIL), 'leave');
  await complete();
  assert.equal(await membership(EMIL), 'leave');
  assert.equal(await membership(FRED), 'join');
});

onEachDatabase('a member that is missing from one of two states is no conflict', async (db, t) => {
  const { here, room, join, whole } = await enterWithoutMembers(db, t);
  const root = await db.tx(tx => stateOfEvents(here, tx, room, whole));
  const resolved = await db.tx(tx => resolveRoots(here, tx, room, [join.stateAfter, root]));
  assert.equal(await here.trees.isPartial(db, room.nid, resolved), false, 'the whole state is built upon');
  const members = await Promise.all([ALICE, EMIL, FRED].map(user => here.state.membership(db, room, resolved, user)));
  assert.deepEqual(members, ['join', 'join', 'join'], 'with what only the other knows');
});
