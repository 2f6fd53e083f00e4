import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { ALICE, BOB, CAROL, joinAll, newRoom, roomsOn, say, setState } from '../../test/support/rooms.ts';
import { ids, SyncBench, types } from '../../test/support/sync.ts';
import type { UserId } from '../core/ids.ts';
import { formatLogToken, parseLogToken } from '../rooms/log-token.ts';
import { ban, forget, invite, join, kick, leave, updateProfile } from '../rooms/membership.ts';

onEachDatabase('an initial sync has the state, then the timeline', async db => {
  const rooms = roomsOn(db);
  using bench = new SyncBench(rooms);
  const room = await newRoom(rooms, { name: 'Grove' });
  const said = [];
  for (let at = 0; at < 12; at++) said.push((await say(rooms, room, ALICE, `message ${at}`)).event.id);
  const answer = (await bench.as(ALICE)).rooms?.join?.[room.roomId];
  assert.deepEqual(ids(answer?.timeline.events ?? []), said.slice(2));
  assert.equal(answer?.timeline.limited, true);
  const state = types(answer?.state.events ?? []);
  assert.deepEqual(state.toSorted(), [
    'm.room.create',
    'm.room.history_visibility',
    'm.room.join_rules',
    `m.room.member ${ALICE}`,
    'm.room.name',
    'm.room.power_levels',
  ]);
  assert.equal(answer?.summary?.['m.joined_member_count'], 1);
});

onEachDatabase('an incremental sync has what came since, and nothing twice', async db => {
  const rooms = roomsOn(db);
  using bench = new SyncBench(rooms);
  const room = await newRoom(rooms);
  const quiet = await newRoom(rooms);
  const first = await bench.as(ALICE);
  const hello = await say(rooms, room, ALICE, 'hello');
  const second = await bench.as(ALICE, first.next_batch);
  assert.deepEqual(Object.keys(second.rooms?.join ?? {}), [room.roomId]);
  assert.deepEqual(ids(second.rooms?.join?.[room.roomId]?.timeline.events ?? []), [hello.event.id]);
  assert.equal(second.rooms?.join?.[room.roomId]?.timeline.limited, false);
  const third = await bench.as(ALICE, second.next_batch);
  assert.equal(third.rooms, undefined);
  assert.equal(quiet.roomId in (second.rooms?.join ?? {}), false);
});

onEachDatabase('a client that knows more than there is, of a database that was put back, begins anew', async db => {
  const rooms = roomsOn(db);
  using bench = new SyncBench(rooms);
  const room = await newRoom(rooms);
  const { shards, user, typing } = parseLogToken((await bench.as(ALICE)).next_batch);
  const said = [await say(rooms, room, ALICE, 'in the place'), await say(rooms, room, ALICE, 'of what was lost')];
  said.push(await say(rooms, room, ALICE, 'and behind it'));
  for (const token of [
    { shards: shards.map(pos => pos + 100), user, typing },
    { shards, user: user + 1, typing },
  ]) {
    const answer = await bench.as(ALICE, formatLogToken(token));
    const events = ids(answer.rooms?.join?.[room.roomId]?.timeline.events ?? []);
    assert.deepEqual(
      events.slice(-3),
      said.map(({ event }) => event.id),
    );
    assert.equal((await bench.as(ALICE, answer.next_batch)).rooms, undefined, 'and goes on from there');
  }
});

onEachDatabase('a timeline of large events is cut, and says so', async db => {
  const rooms = roomsOn(db);
  using bench = new SyncBench(rooms);
  const room = await newRoom(rooms);
  const first = await bench.as(ALICE);
  const said = [];
  for (let at = 0; at < 20; at++) said.push((await say(rooms, room, ALICE, 'long '.repeat(12_000))).event.id);
  const answer = (await bench.as(ALICE, first.next_batch, { filter: { room: { timeline: { limit: 50 } } } })).rooms
    ?.join?.[room.roomId];
  assert.deepEqual(ids(answer?.timeline.events ?? []), said.slice(2));
  assert.equal(answer?.timeline.limited, true);
});

onEachDatabase('across a gap the state is what the timeline does not show', async db => {
  const rooms = roomsOn(db);
  using bench = new SyncBench(rooms);
  const room = await newRoom(rooms);
  const first = await bench.as(ALICE);
  await setState(rooms, room, ALICE, 'm.room.topic', { topic: 'hidden by the gap' });
  await joinAll(rooms, room, [BOB]);
  for (let at = 0; at < 5; at++) await say(rooms, room, ALICE, `message ${at}`);
  await setState(rooms, room, ALICE, 'm.room.name', { name: 'in the timeline' });
  const answer = (await bench.as(ALICE, first.next_batch, { filter: { room: { timeline: { limit: 3 } } } })).rooms
    ?.join?.[room.roomId];
  assert.equal(answer?.timeline.limited, true);
  assert.equal(answer?.timeline.events.length, 3);
  assert.deepEqual(types(answer?.state.events ?? []).toSorted(), [`m.room.member ${BOB}`, 'm.room.topic']);
  for (const stateName of ['state_after', 'org.matrix.msc4222.state_after'] as const) {
    const after = await bench.as(ALICE, first.next_batch, {
      filter: { room: { timeline: { limit: 3 } } },
      stateName,
    });
    const block = after.rooms?.join?.[room.roomId];
    const changed = types(block?.[stateName]?.events ?? []).toSorted();
    assert.deepEqual(changed, [`m.room.member ${BOB}`, 'm.room.name', 'm.room.topic']);
    assert.equal(block?.state, undefined);
  }
});

onEachDatabase('a room joined since comes whole', async db => {
  const rooms = roomsOn(db);
  using bench = new SyncBench(rooms);
  const room = await newRoom(rooms);
  await say(rooms, room, ALICE, 'before');
  const first = await bench.as(BOB);
  assert.equal(first.rooms, undefined);
  await joinAll(rooms, room, [BOB]);
  const second = await bench.as(BOB, first.next_batch);
  const answer = second.rooms?.join?.[room.roomId];
  assert.equal(answer?.timeline.limited, true);
  assert.ok(types([...(answer?.state.events ?? []), ...(answer?.timeline.events ?? [])]).includes('m.room.create'));
  // A new name is no new join.
  await updateProfile(rooms, room, BOB, { displayName: 'Bobby' });
  const third = (await bench.as(BOB, second.next_batch)).rooms?.join?.[room.roomId];
  assert.deepEqual(types(third?.timeline.events ?? []), [`m.room.member ${BOB}`]);
  assert.deepEqual(third?.state.events, []);
});

onEachDatabase('invites are told once, with stripped state, and turn into joined or left rooms', async db => {
  const rooms = roomsOn(db);
  using bench = new SyncBench(rooms);
  const room = await newRoom(rooms, { name: 'Grove', preset: 'private_chat' });
  const other = await newRoom(rooms, { preset: 'private_chat' });
  const first = await bench.as(BOB);
  await invite(rooms, room, { sender: ALICE }, BOB);
  await invite(rooms, other, { sender: ALICE }, BOB);
  const second = await bench.as(BOB, first.next_batch);
  const stripped = second.rooms?.invite?.[room.roomId]?.invite_state?.events ?? [];
  assert.ok(types(stripped).includes('m.room.name'));
  assert.equal(types(stripped).at(-1), `m.room.member ${BOB}`);
  assert.ok(stripped.every(event => event.event_id === undefined));
  assert.equal((await bench.as(BOB, second.next_batch)).rooms, undefined);
  await join(rooms, room, { sender: BOB });
  await leave(rooms, other, { sender: BOB });
  const third = await bench.as(BOB, second.next_batch);
  assert.deepEqual(Object.keys(third.rooms?.join ?? {}), [room.roomId]);
  assert.deepEqual(Object.keys(third.rooms?.leave ?? {}), [other.roomId]);
});

onEachDatabase('those who leave see the room up to there', async db => {
  const rooms = roomsOn(db);
  using bench = new SyncBench(rooms);
  const room = await newRoom(rooms);
  await joinAll(rooms, room, [BOB]);
  const first = await bench.as(BOB);
  const last = await say(rooms, room, ALICE, 'last words');
  await ban(rooms, room, { sender: ALICE, reason: 'noise' }, BOB);
  await say(rooms, room, ALICE, 'behind the back');
  const left = (await bench.as(BOB, first.next_batch)).rooms?.leave?.[room.roomId];
  assert.equal(left?.timeline.events[0]?.event_id, last.event.id);
  assert.deepEqual(types(left?.timeline.events ?? []), ['m.room.message', `m.room.member ${BOB}`]);
  const initial = await bench.as(BOB);
  assert.equal(initial.rooms?.leave, undefined);
  const asked = await bench.as(BOB, undefined, { filter: { room: { include_leave: true } } });
  assert.equal(asked.rooms?.leave?.[room.roomId]?.timeline.events.at(-1)?.content.membership, 'ban');
});

onEachDatabase('lazy loading sends the members that the timeline needs, once', async db => {
  const rooms = roomsOn(db);
  using bench = new SyncBench(rooms);
  const filter = { room: { state: { lazy_load_members: true }, timeline: { limit: 2 } } };
  const room = await newRoom(rooms, { name: 'Grove' });
  await joinAll(rooms, room, [BOB, CAROL]);
  await say(rooms, room, CAROL, 'one');
  await say(rooms, room, CAROL, 'two');
  const first = await bench.as(ALICE, undefined, { filter });
  const members = types(first.rooms?.join?.[room.roomId]?.state.events ?? []).filter(type =>
    type.startsWith('m.room.member'),
  );
  assert.deepEqual(members.toSorted(), [`m.room.member ${ALICE}`, `m.room.member ${CAROL}`]);
  await say(rooms, room, CAROL, 'three');
  await say(rooms, room, BOB, 'four');
  const second = await bench.as(ALICE, first.next_batch, { filter });
  assert.deepEqual(types(second.rooms?.join?.[room.roomId]?.state.events ?? []), [`m.room.member ${BOB}`]);
  assert.equal(first.rooms?.join?.[room.roomId]?.summary?.['m.heroes'], undefined);
});

onEachDatabase('lazy loading sends members again where an answer was lost', async db => {
  const rooms = roomsOn(db);
  using bench = new SyncBench(rooms);
  const filter = { room: { state: { lazy_load_members: true } } };
  const room = await newRoom(rooms, { name: 'Grove' });
  await joinAll(rooms, room, [BOB, CAROL]);
  const members = async (since?: string) => {
    const { rooms: found, next_batch } = await bench.as(ALICE, since, { filter });
    return { state: types(found?.join?.[room.roomId]?.state.events ?? []), next_batch };
  };
  const { next_batch: first } = await members();
  await say(rooms, room, BOB, 'one');
  const OF_BOB = [`m.room.member ${BOB}`];
  assert.deepEqual((await members(first)).state, OF_BOB);
  await say(rooms, room, BOB, 'two');
  const again = await members(first);
  assert.deepEqual(again.state, OF_BOB, 'whoever asks from the same place has not got the answer');
  await say(rooms, room, BOB, 'three');
  const next = await members(again.next_batch);
  assert.deepEqual(next.state, [], 'who goes on has it');
  await say(rooms, room, BOB, 'four');
  assert.deepEqual((await members(again.next_batch)).state, [], 'and still has it');
  await say(rooms, room, CAROL, 'five');
  assert.deepEqual((await members(next.next_batch)).state, [`m.room.member ${CAROL}`]);
});

onEachDatabase('with lazy loading those after whom a room is called come along, once', async db => {
  const rooms = roomsOn(db);
  using bench = new SyncBench(rooms);
  for (const stateName of ['state', 'state_after'] as const) {
    const room = await newRoom(rooms);
    await joinAll(rooms, room, [BOB, CAROL]);
    await say(rooms, room, ALICE, 'hello');
    const state = { lazy_load_members: true };
    const options = { filter: { room: { state, timeline: { limit: 1 } } }, stateName };
    const look = async (since?: string) => {
      const { rooms: found, next_batch } = await bench.as(ALICE, since, options);
      const block = found?.join?.[room.roomId];
      const members = types(block?.[stateName]?.events ?? []).filter(type => type.startsWith('m.room.member'));
      return { members: members.toSorted(), heroes: block?.summary?.['m.heroes'], next_batch };
    };
    const first = await look();
    assert.deepEqual(first.heroes, [BOB, CAROL]);
    assert.deepEqual(
      first.members,
      [ALICE, BOB, CAROL].map(user => `m.room.member ${user}`),
    );
    const dave = '@dave:one.example' as UserId;
    await join(rooms, room, { sender: dave });
    await say(rooms, room, dave, 'hello');
    const second = await look(first.next_batch);
    assert.deepEqual(second.heroes, [BOB, CAROL, dave]);
    assert.deepEqual(second.members, [`m.room.member ${dave}`]);
  }
});

onEachDatabase('a filter of state without members leaves out those after whom a room is called', async db => {
  const rooms = roomsOn(db);
  using bench = new SyncBench(rooms);
  const room = await newRoom(rooms);
  await joinAll(rooms, room, [BOB]);
  const state = { lazy_load_members: true, not_types: ['m.room.member'] };
  const answer = await bench.as(ALICE, undefined, { filter: { room: { state, timeline: { limit: 1 } } } });
  const block = answer.rooms?.join?.[room.roomId];
  assert.deepEqual(block?.summary?.['m.heroes'], [BOB]);
  assert.ok(types(block?.state.events ?? []).every(type => !type.startsWith('m.room.member')));
});

onEachDatabase('with lazy loading the state at the end has what the timeline changes of members', async db => {
  const rooms = roomsOn(db);
  using bench = new SyncBench(rooms);
  const options = { filter: { room: { state: { lazy_load_members: true } } }, stateName: 'state_after' } as const;
  const room = await newRoom(rooms);
  const stateAfter = async (viewer: UserId, since: string) => {
    const { rooms: found, next_batch } = await bench.as(viewer, since, options);
    return { types: types(found?.join?.[room.roomId]?.state_after?.events ?? []).toSorted(), next_batch };
  };
  const atAlice = await bench.as(ALICE, undefined, options);
  const atBob = await bench.as(BOB, undefined, options);
  await joinAll(rooms, room, [BOB, CAROL]);
  const joined = await stateAfter(ALICE, atAlice.next_batch);
  assert.deepEqual(joined.types, [`m.room.member ${BOB}`, `m.room.member ${CAROL}`]);
  const own = await stateAfter(BOB, atBob.next_batch);
  assert.ok(own.types.includes(`m.room.member ${BOB}`), 'the own join is in the timeline as well');
  await kick(rooms, room, { sender: ALICE }, CAROL);
  assert.deepEqual((await stateAfter(ALICE, joined.next_batch)).types, [`m.room.member ${CAROL}`]);
});

onEachDatabase('a waiting sync is woken by its own rooms only', async db => {
  const rooms = roomsOn(db);
  using bench = new SyncBench(rooms);
  const room = await newRoom(rooms);
  const foreign = await newRoom(rooms, { creator: CAROL });
  await joinAll(rooms, room, [BOB]);
  const { next_batch } = await bench.as(BOB);
  const waiting = bench.as(BOB, next_batch, { timeoutMs: 10_000 });
  await say(rooms, foreign, CAROL, 'not for Bob');
  const hello = await say(rooms, room, ALICE, 'for Bob');
  assert.deepEqual(ids((await waiting).rooms?.join?.[room.roomId]?.timeline.events ?? []), [hello.event.id]);
  const invited = bench.as(BOB, (await waiting).next_batch, { timeoutMs: 10_000 });
  await invite(rooms, foreign, { sender: CAROL }, BOB);
  assert.deepEqual(Object.keys((await invited).rooms?.invite ?? {}), [foreign.roomId]);
  const gone = new AbortController();
  const aborted = bench.as(BOB, (await invited).next_batch, { timeoutMs: 60_000, signal: gone.signal });
  gone.abort();
  assert.equal((await aborted).rooms, undefined);
});

onEachDatabase('typing is told to those who wait, and when it ends', async db => {
  const rooms = roomsOn(db);
  using bench = new SyncBench(rooms);
  const room = await newRoom(rooms);
  await joinAll(rooms, room, [BOB]);
  const { next_batch } = await bench.as(BOB);
  const waiting = bench.as(BOB, next_batch, { timeoutMs: 10_000 });
  bench.typing.set(room.nid, ALICE, 30_000);
  const started = await waiting;
  assert.deepEqual(started.rooms?.join?.[room.roomId]?.ephemeral.events, [
    { type: 'm.typing', content: { user_ids: [ALICE] } },
  ]);
  bench.typing.stop(room.nid, ALICE);
  const ended = await bench.as(BOB, started.next_batch);
  assert.deepEqual(ended.rooms?.join?.[room.roomId]?.ephemeral.events, [
    { type: 'm.typing', content: { user_ids: [] } },
  ]);
  assert.equal((await bench.as(BOB, ended.next_batch)).rooms, undefined);
});

onEachDatabase('device lists change with whom one shares rooms with', async db => {
  const rooms = roomsOn(db);
  using bench = new SyncBench(rooms);
  const room = await newRoom(rooms);
  const other = await newRoom(rooms, { creator: BOB });
  const first = await bench.as(ALICE);
  await joinAll(rooms, room, [BOB]);
  const second = await bench.as(ALICE, first.next_batch);
  assert.deepEqual(second.device_lists, { changed: [BOB], left: [] });
  await leave(rooms, room, { sender: BOB });
  const third = await bench.as(ALICE, second.next_batch);
  assert.deepEqual(third.device_lists, { changed: [], left: [BOB] });
  await joinAll(rooms, other, [ALICE]);
  const fourth = await bench.as(ALICE, third.next_batch);
  assert.deepEqual(fourth.device_lists, { changed: [BOB, ALICE], left: [] }, 'all members, oneself too');
  await joinAll(rooms, room, [BOB]);
  await leave(rooms, other, { sender: ALICE });
  const fifth = await bench.as(ALICE, fourth.next_batch);
  assert.deepEqual(fifth.device_lists, { changed: [BOB], left: [] }, 'one room is shared still');
  await leave(rooms, room, { sender: ALICE });
  const sixth = await bench.as(ALICE, fifth.next_batch);
  assert.deepEqual(sixth.device_lists, { changed: [], left: [BOB] });
});

onEachDatabase('a room that was left and forgotten is told as left once, then never again', async db => {
  const rooms = roomsOn(db);
  using bench = new SyncBench(rooms);
  const room = await newRoom(rooms);
  await joinAll(rooms, room, [BOB]);
  const { next_batch: before } = await bench.as(BOB);
  await leave(rooms, room, { sender: BOB });
  await forget(rooms, room, BOB);
  await say(rooms, room, ALICE, 'not for Bob');
  const filter = { room: { include_leave: true } };
  const told = await bench.as(BOB, before, { filter });
  assert.deepEqual(Object.keys(told.rooms?.leave ?? {}), [room.roomId]);
  const events = told.rooms?.leave?.[room.roomId]?.timeline.events ?? [];
  assert.deepEqual(types(events), [`m.room.member ${BOB}`]);
  assert.equal((await bench.as(BOB, told.next_batch, { filter })).rooms, undefined);
  assert.equal((await bench.as(BOB, undefined, { filter })).rooms, undefined);
});

onEachDatabase('full_state repeats the state and goes on with the timeline', async db => {
  const rooms = roomsOn(db);
  using bench = new SyncBench(rooms);
  const room = await newRoom(rooms);
  const first = await bench.as(ALICE);
  const hello = await say(rooms, room, ALICE, 'hello');
  const answer = (await bench.as(ALICE, first.next_batch, { fullState: true })).rooms?.join?.[room.roomId];
  assert.deepEqual(ids(answer?.timeline.events ?? []), [hello.event.id]);
  assert.ok(types(answer?.state.events ?? []).includes('m.room.create'));
});
