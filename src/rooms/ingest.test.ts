import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { accepted, DORA, EMIL, joinFrom, newest, receive, remoteEvent } from '../../test/support/remote-events.ts';
import {
  ALICE,
  BOB,
  bodiesSeen,
  joinAll,
  newRoom,
  roomsOn,
  say,
  setState,
  stateContent,
} from '../../test/support/rooms.ts';
import { knownRoomVersions } from '../core/room-versions.ts';
import { currentMembership } from './current-membership.ts';
import { extremities } from './extremities.table.ts';
import { ingest } from './ingest.ts';
import { ban } from './membership.ts';
import { REJECTED, SOFT_FAILED } from './room.ts';
import { roomHead } from './rooms.table.ts';

onEachDatabase('events of other servers come in, in rooms of every version, once', async db => {
  const parts = roomsOn(db);
  for (const { id: version } of knownRoomVersions) {
    const room = await newRoom(parts, { version });
    await joinFrom(parts, room, DORA);
    const event = await remoteEvent(parts, room, { sender: DORA, content: { msgtype: 'm.text', body: 'hi' } });
    for (const outcome of ['accepted', 'known']) {
      assert.equal((await db.tx(tx => ingest(parts, tx, room, event))).outcome, outcome, version);
    }
    assert.deepEqual(await bodiesSeen(parts, room, ALICE), ['hi']);
  }
});

onEachDatabase('two branches of a room are merged by state resolution, and by the next event of our own', async db => {
  const parts = roomsOn(db);
  for (const version of ['1', '2', '11', '12']) {
    const room = await newRoom(parts, { version });
    await joinFrom(parts, room, DORA);
    const fork = await newest(parts, room);
    // On one side Alice bans Dora, on the other side Dora goes on: a message, then leave and join.
    await ban(parts, room, { sender: ALICE }, DORA);
    await setState(parts, room, ALICE, 'm.room.topic', { topic: 'banned' });
    const aside = await receive(parts, room, {
      sender: DORA,
      prev: [fork],
      content: { msgtype: 'm.text', body: 'aside' },
    });
    assert.equal(aside.outcome, 'soft-failed', version);
    assert.equal((await currentMembership(parts, db, room, DORA))?.membership, 'ban');
    // A branch that the ban says nothing about is merged.
    const emil = await receive(parts, room, {
      type: 'm.room.member',
      sender: EMIL,
      stateKey: EMIL,
      content: { membership: 'join' },
      prev: [fork],
    });
    assert.equal(emil.outcome, 'accepted');
    assert.equal((await extremities(db, room.nid)).length, 2);
    assert.equal((await currentMembership(parts, db, room, EMIL))?.membership, 'join');
    assert.equal((await currentMembership(parts, db, room, DORA))?.membership, 'ban', 'still, after the merge');
    assert.deepEqual(await stateContent(parts, room, 'm.room.topic'), { topic: 'banned' });
    assert.equal((await roomHead(db, room.nid)).joined_count, 2);
    const merged = await say(parts, room, ALICE, 'merge');
    assert.equal(merged.event.prevIds.length, 2);
    assert.equal((await extremities(db, room.nid)).length, 1);
    assert.deepEqual(await bodiesSeen(parts, room, ALICE), ['merge']);
  }
});

onEachDatabase('where branches disagree about state, its age decides and not when it came here', async db => {
  const parts = roomsOn(db);
  const room = await newRoom(parts, { version: '11', powerLevelOverride: { users: { [ALICE]: 100, [DORA]: 50 } } });
  await joinFrom(parts, room, DORA);
  const fork = await newest(parts, room);
  const topic = (text: string, extra = {}) =>
    receive(parts, room, {
      type: 'm.room.topic',
      sender: DORA,
      stateKey: '',
      content: { topic: text },
      prev: [fork],
      extra,
    });
  await setState(parts, room, ALICE, 'm.room.topic', { topic: 'of Alice' });
  assert.equal((await topic('too old', { origin_server_ts: 1000 })).outcome, 'accepted');
  assert.deepEqual(await stateContent(parts, room, 'm.room.topic'), { topic: 'of Alice' });
  assert.equal((await topic('newer')).outcome, 'accepted');
  assert.deepEqual(await stateContent(parts, room, 'm.room.topic'), { topic: 'newer' });
  // Dora's server does not know yet that she has no power any more: what comes from there now is held back.
  await setState(parts, room, ALICE, 'm.room.power_levels', { users: { [ALICE]: 100, [DORA]: 0 } });
  assert.equal((await topic('newest')).outcome, 'soft-failed');
  assert.deepEqual(await stateContent(parts, room, 'm.room.topic'), { topic: 'newer' });
});

onEachDatabase('N031, N032: what was sent around a ban is kept, but not shown, and is no end of the room', async db => {
  const parts = roomsOn(db);
  const room = await newRoom(parts);
  await joinFrom(parts, room, DORA);
  await joinFrom(parts, room, EMIL);
  const before = await newest(parts, room);
  await ban(parts, room, { sender: ALICE }, DORA);
  const tips = await extremities(db, room.nid);
  const { outcome, stored, reason } = await receive(parts, room, {
    sender: DORA,
    prev: [before],
    content: { msgtype: 'm.text', body: 'spam' },
  });
  assert.deepEqual([outcome, stored.flags, stored.pos], ['soft-failed', SOFT_FAILED, undefined]);
  assert.match(reason ?? '', /not in the room/);
  assert.deepEqual(await extremities(db, room.nid), tips);
  assert.deepEqual(await bodiesSeen(parts, room, ALICE), []);
  // Others may build on it all the same.
  const next = await accepted(parts, room, {
    sender: EMIL,
    prev: [stored],
    content: { msgtype: 'm.text', body: 'after' },
  });
  assert.equal(next.flags, 0);
  assert.deepEqual(await bodiesSeen(parts, room, ALICE), ['after']);
  assert.equal((await currentMembership(parts, db, room, DORA))?.membership, 'ban');
});

onEachDatabase('rejected events are kept and marked, and nothing that rests on them is accepted', async db => {
  const parts = roomsOn(db);
  const room = await newRoom(parts);
  const { outcome, stored } = await receive(parts, room, { sender: DORA });
  assert.deepEqual([outcome, stored.flags, stored.pos], ['rejected', REJECTED, undefined]);
  assert.equal(await parts.events.inRoom(db, room, stored.event.id), undefined);
  assert.equal((await parts.events.byId(db, stored.event.id))?.flags, REJECTED);
  const levels = { users: { [DORA]: 100 } };
  const coup = await receive(parts, room, { type: 'm.room.power_levels', sender: DORA, stateKey: '', content: levels });
  assert.equal(coup.outcome, 'rejected');
  await joinFrom(parts, room, DORA);
  const member = (
    await parts.state.events(db, room, (await newest(parts, room)).stateAfter, [['m.room.member', DORA]])
  )[0];
  const auth = [coup.stored.event, member?.event ?? coup.stored.event];
  const name = await receive(parts, room, { type: 'm.room.name', sender: DORA, stateKey: '', content: {}, auth });
  assert.deepEqual([name.outcome, name.rule], ['rejected', 'auth_events.rejected']);
  assert.deepEqual(await bodiesSeen(parts, room, ALICE), []);
});

onEachDatabase('events with unknown auth events are rejected', async db => {
  const parts = roomsOn(db);
  const [room, other] = [await newRoom(parts), await newRoom(parts)];
  await joinFrom(parts, room, DORA);
  const never = await remoteEvent(parts, other, { sender: DORA });
  const { outcome, rule } = await receive(parts, room, { sender: DORA, auth: [never] });
  assert.deepEqual([outcome, rule], ['rejected', 'auth-events-known']);
});

onEachDatabase('N011: auth events of another room count for nothing', async db => {
  const parts = roomsOn(db);
  for (const version of ['6', '11', '12']) {
    const room = await newRoom(parts, { version });
    // Dora rules a room of her own making, where she is joined and has all power.
    const own = await newRoom(parts, { version, powerLevelOverride: { users_default: 90 } });
    await joinFrom(parts, own, DORA);
    const root = (await newest(parts, own)).stateAfter;
    const pairs = [
      ['m.room.create', ''],
      ['m.room.power_levels', ''],
      ['m.room.member', DORA],
    ] as const;
    const all = (await parts.state.events(db, own, root, pairs)).map(stored => stored.event);
    const auth = room.version.roomIdIsCreateHash ? all.slice(1) : all;
    const content = { topic: 'taken over' };
    const coup = await receive(parts, room, { type: 'm.room.topic', sender: DORA, stateKey: '', content, auth });
    assert.deepEqual([coup.outcome, coup.rule], ['rejected', 'auth_events.room'], version);
    assert.equal(await stateContent(parts, room, 'm.room.topic'), undefined);
  }
});

onEachDatabase('N012: an event on top of another room is rejected and brings nothing from there', async db => {
  const parts = roomsOn(db);
  const room = await newRoom(parts);
  await joinFrom(parts, room, DORA);
  const other = await newRoom(parts);
  await joinAll(parts, other, [BOB]);
  await setState(parts, other, ALICE, 'm.room.name', { name: 'secret' });
  const [here, there] = [await newest(parts, room), await newest(parts, other)];
  const tips = await extremities(db, room.nid);
  for (const prev of [[there], [here, there]]) {
    const { authIds } = await remoteEvent(parts, room, { sender: DORA, prev: [here] });
    const auth = [...(await parts.events.byIds(db, authIds)).values()].map(stored => stored.event);
    const { outcome, rule, stored } = await receive(parts, room, { sender: DORA, prev, auth });
    assert.deepEqual([outcome, rule], ['rejected', 'prev_events.room']);
    for await (const state of parts.state.all(db, room, stored.stateBefore)) assert.equal(state.roomNid, room.nid);
  }
  assert.deepEqual(await extremities(db, room.nid), tips);
  assert.equal(await stateContent(parts, room, 'm.room.name'), undefined);
  assert.deepEqual(await bodiesSeen(parts, room, ALICE), []);
});

onEachDatabase('N053: of two events with one ID the first stays as it is', async db => {
  const parts = roomsOn(db);
  for (const version of ['1', '2']) {
    const room = await newRoom(parts, { version });
    await joinFrom(parts, room, DORA);
    const id = `$same${version}:two.example`;
    const prev = [await newest(parts, room)];
    const sent = (body: string) => ({ sender: DORA, id, prev, content: { msgtype: 'm.text', body } });
    const first = await accepted(parts, room, sent('first'));
    const second = await receive(parts, room, sent('second'));
    assert.deepEqual([second.outcome, second.rule, second.stored.nid], ['rejected', 'event_id.taken', first.nid]);
    const other = await newRoom(parts, { version });
    await joinFrom(parts, other, DORA);
    assert.equal((await receive(parts, other, { sender: DORA, id })).rule, 'event_id.taken');
    assert.deepEqual(await bodiesSeen(parts, room, ALICE), ['first']);
  }
});

onEachDatabase('a room with more ends than an event can name is brought together step by step', async db => {
  const parts = roomsOn(db);
  const room = await newRoom(parts);
  await joinFrom(parts, room, DORA);
  const fork = await newest(parts, room);
  await setState(parts, room, ALICE, 'm.room.topic', { topic: 'kept' });
  for (let i = 0; i < 24; i++) await accepted(parts, room, { sender: DORA, prev: [fork] });
  assert.equal((await extremities(db, room.nid)).length, 25);
  assert.equal((await say(parts, room, ALICE, 'one')).event.prevIds.length, 20);
  assert.equal((await say(parts, room, ALICE, 'two')).event.prevIds.length, 6);
  assert.equal((await extremities(db, room.nid)).length, 1);
  assert.deepEqual(await stateContent(parts, room, 'm.room.topic'), { topic: 'kept' });
});

onEachDatabase('N106 one of many forks is merged with the room as it is, not with all the others', async db => {
  const parts = roomsOn(db);
  const room = await newRoom(parts, { version: '11' });
  await setState(parts, room, ALICE, 'm.room.power_levels', { users: { [ALICE]: 100, [DORA]: 50 } });
  await joinFrom(parts, room, DORA);
  const base = await newest(parts, room);
  const lookup = parts.trees.lookup.bind(parts.trees);
  let asked = 0;
  parts.trees.lookup = (queries, requests) => {
    asked += requests.length;
    return lookup(queries, requests);
  };
  const forks = 70;
  let most = 0;
  for (let at = 0; at < forks; at++) {
    most = Math.max(most, asked);
    asked = 0;
    const draft = { type: 'org.example.fork', stateKey: `${at}`, sender: DORA, content: { at } };
    await accepted(parts, room, { ...draft, prev: [base] });
  }
  // Each with each would be about 5,000, and all keys of the room alone 140.
  assert.ok(asked < 20, `${asked} keys were looked up, and ${most} at most`);
  for (let at = 0; at < forks; at++)
    assert.deepEqual(await stateContent(parts, room, 'org.example.fork', `${at}`), { at });
  const said = await say(parts, room, ALICE, 'together');
  assert.equal(said.event.prevIds.length, 20);
  assert.equal((await extremities(db, room.nid)).length, forks - 20 + 1);
});

onEachDatabase('of many forks that contradict each other the one that is right wins, whatever came first', async db => {
  const parts = roomsOn(db);
  const winners: unknown[] = [];
  for (const forks of [30, 60]) {
    const room = await newRoom(parts, { version: '11' });
    await setState(parts, room, ALICE, 'm.room.power_levels', { users: { [ALICE]: 100, [DORA]: 50 } });
    await joinFrom(parts, room, DORA);
    const base = await newest(parts, room);
    // The latest of them comes early, and after it only older ones.
    for (let at = 0; at < forks; at++) {
      const ts = base.event.ts + (at === 5 ? 1000 : at);
      const draft = {
        type: 'org.example.fork',
        stateKey: '',
        sender: DORA,
        content: { at },
        extra: { origin_server_ts: ts },
      };
      await accepted(parts, room, { ...draft, prev: [base] });
    }
    // What is no state, and comes from before all of them, changes nothing.
    await accepted(parts, room, { sender: DORA, prev: [base] });
    winners.push(await stateContent(parts, room, 'org.example.fork'));
    for (let more = forks; more > 0; more -= 19) await say(parts, room, ALICE, 'together');
    assert.equal((await extremities(db, room.nid)).length, 1);
    winners.push(await stateContent(parts, room, 'org.example.fork'));
  }
  assert.deepEqual(winners, Array(4).fill({ at: 5 }));
});
