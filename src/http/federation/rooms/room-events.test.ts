import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { accepted, DORA, EMIL, joinFrom, receive, remoteEvent } from '../../../../test/support/remote-events.ts';
import { idOf, ResidentServer } from '../../../../test/support/resident-server.ts';
import {
  ALICE,
  BOB,
  joinAll,
  newRoom,
  say,
  setState,
  setVisibility,
  timelineOf,
} from '../../../../test/support/rooms.ts';
import type { UserId } from '../../../core/ids.ts';
import { getArray, getObject, type JsonObject } from '../../../core/json.ts';
import { ingest } from '../../../rooms/ingest.ts';
import { ban, invite, kick } from '../../../rooms/membership.ts';
import { storeOutliers } from '../../../rooms/outliers.ts';
import type { Room, StoredEvent } from '../../../rooms/room.ts';
import type { Entry } from '../../../rooms/state-tree/state-trees.ts';

const ZED = '@zed:two.example' as UserId;
const at = encodeURIComponent;

const bodiesIn = (body: JsonObject, key: string) =>
  (getArray(body, key) as readonly JsonObject[]).map(pdu => getObject(pdu, 'content')?.body);
const idsIn = (body: JsonObject, key: string, room: Room) =>
  (getArray(body, key) as readonly JsonObject[]).map(pdu => idOf(pdu, room.version));

/** Every way of asking for something of a room, about one event. */
function questions(room: Room, { event: { id } }: StoredEvent): ['GET' | 'POST', string, JsonObject?][] {
  const where = at(room.roomId);
  return [
    ['GET', `/v1/event/${at(id)}`],
    ['GET', `/v1/state/${where}?event_id=${at(id)}`],
    ['GET', `/v1/state_ids/${where}?event_id=${at(id)}`],
    ['GET', `/v1/event_auth/${where}/${at(id)}`],
    ['GET', `/v1/backfill/${where}?v=${at(id)}&limit=10`],
    ['POST', `/v1/get_missing_events/${where}`, { earliest_events: [], latest_events: [id] }],
    ['GET', `/v1/timestamp_to_event/${where}?ts=0&dir=f`],
  ];
}

async function statuses(server: ResidentServer, asked: ReturnType<typeof questions>, origin?: string) {
  const found = new Set<string>();
  for (const [method, path, body] of asked) {
    const answer = await server.call(method, path, body, origin);
    found.add(`${answer.status} ${answer.body.errcode ?? ''}`.trim());
  }
  return [...found];
}

onEachDatabase('N096 N098 nothing of a room is told to a server that is not in it, or was', async (db, t) => {
  const server = new ResidentServer(t, db);
  const room = await newRoom(server.rooms);
  const said = await say(server.rooms, room, ALICE, 'among us');
  assert.deepEqual(await statuses(server, questions(room, said)), ['403 M_FORBIDDEN'], 'never was');
  await invite(server.rooms, room, { sender: ALICE }, DORA);
  assert.deepEqual(await statuses(server, questions(room, said)), ['403 M_FORBIDDEN'], 'invited');
  await server.join(room, DORA);
  assert.deepEqual(await statuses(server, questions(room, said)), ['200']);
  assert.deepEqual(await statuses(server, questions(room, said), 'three.example'), ['403 M_FORBIDDEN']);
  await kick(server.rooms, room, { sender: ALICE }, DORA);
  assert.deepEqual(await statuses(server, questions(room, said)), ['403 M_FORBIDDEN'], 'kicked');
});

onEachDatabase('N093 nothing is told to a server that the ACL denies', async (db, t) => {
  const server = new ResidentServer(t, db);
  const room = await newRoom(server.rooms);
  await server.join(room, DORA);
  const said = await say(server.rooms, room, ALICE, 'x');
  await setState(server.rooms, room, ALICE, 'm.room.server_acl', { allow: ['*'], deny: ['two.*'] });
  assert.deepEqual(await statuses(server, questions(room, said)), ['403 M_FORBIDDEN']);
});

onEachDatabase('what is not known is not found, and what is asked wrongly is refused', async (db, t) => {
  const server = new ResidentServer(t, db);
  const room = await newRoom(server.rooms);
  const other = await newRoom(server.rooms);
  await server.join(room, DORA);
  const elsewhere = await say(server.rooms, other, ALICE, 'x');
  const where = at(room.roomId);
  const status = async (path: string) => (await server.call('GET', path)).status;
  for (const path of [
    `/v1/event/$no`,
    `/v1/state/${where}?event_id=$no`,
    `/v1/state/${where}?event_id=${at(elsewhere.event.id)}`,
    `/v1/state_ids/${where}?event_id=${at(elsewhere.event.id)}`,
    `/v1/event_auth/${where}/${at(elsewhere.event.id)}`,
    `/v1/timestamp_to_event/${where}?ts=0&dir=b`,
    `/v1/backfill/!no?v=$x&limit=1`,
  ])
    assert.equal(await status(path), 404, path);
  for (const path of [
    `/v1/state/${where}`,
    `/v1/backfill/${where}?limit=3`,
    `/v1/backfill/${where}?v=$x`,
    `/v1/backfill/${where}?v=$x&limit=many`,
    `/v1/timestamp_to_event/${where}?ts=1.5&dir=b`,
    `/v1/timestamp_to_event/${where}?ts=1`,
  ])
    assert.equal(await status(path), 400, path);
  assert.deepEqual(
    (await server.call('GET', `/v1/backfill/${where}?v=${at(elsewhere.event.id)}&limit=5`)).body.pdus,
    [],
  );
});

onEachDatabase('the state before an event is told whole, with all that it rests on', async (db, t) => {
  for (const version of ['1', '6', '11', '12']) {
    const server = new ResidentServer(t, db);
    const room = await newRoom(server.rooms, { version });
    await server.join(room, DORA);
    await joinAll(server.rooms, room, [BOB]);
    await setState(server.rooms, room, ALICE, 'm.room.topic', { topic: 'then' });
    await say(server.rooms, room, ALICE, 'x');
    const changed = (await timelineOf(server.rooms, room)).at(-2)!;
    const where = `${at(room.roomId)}?event_id=${at(changed.event.id)}`;
    const { body } = await server.call('GET', `/v1/state/${where}`);
    const expected = [];
    for await (const { event } of server.rooms.state.all(db, room, changed.stateBefore)) expected.push(event.id);
    assert.deepEqual(idsIn(body, 'pdus', room).sort(), expected.sort());
    assert.ok(!expected.includes(changed.event.id));
    const chain = idsIn(body, 'auth_chain', room);
    for (const pdu of [...getArray(body, 'pdus')!, ...getArray(body, 'auth_chain')!] as JsonObject[])
      for (const named of getArray(pdu, 'auth_events') ?? [])
        assert.ok(chain.includes(String(Array.isArray(named) ? named[0] : named)));
    const ids = (await server.call('GET', `/v1/state_ids/${where}`)).body;
    assert.deepEqual([ids.pdu_ids, ids.auth_chain_ids], [idsIn(body, 'pdus', room), chain]);
    const own = (await server.call('GET', `/v1/event_auth/${at(room.roomId)}/${at(changed.event.id)}`)).body;
    for (const id of changed.event.authIds) assert.ok(idsIn(own, 'auth_chain', room).includes(id));
  }
});

onEachDatabase('the state at an event of which the members are not all known is not told', async (db, t) => {
  const server = new ResidentServer(t, db);
  const { rooms } = server;
  const room = await newRoom(rooms);
  await server.join(room, DORA);
  await joinAll(rooms, room, [BOB]);
  const said = await say(rooms, room, ALICE, 'x');
  const entries: Entry[] = [];
  for await (const entry of rooms.trees.stream(db, room.nid, said.stateBefore)) entries.push(entry);
  const partial = await db.tx(tx => rooms.trees.build(tx, room.nid, entries.slice(0, -1), { partial: true }));
  const event = await remoteEvent(rooms, room, { sender: DORA });
  await db.tx(tx => ingest(rooms, tx, room, event, { stateBefore: partial }));
  for (const path of ['state', 'state_ids'])
    assert.equal((await server.call('GET', `/v1/${path}/${at(room.roomId)}?event_id=${at(event.id)}`)).status, 404);
});

onEachDatabase('a state that was guessed is not told, nor one that comes from it', async (db, t) => {
  const server = new ResidentServer(t, db);
  const { rooms } = server;
  const room = await newRoom(rooms);
  await server.join(room, DORA);
  const before = await say(rooms, room, ALICE, 'before');
  const event = await remoteEvent(rooms, room, { sender: DORA });
  await db.tx(tx => ingest(rooms, tx, room, event, { stateBefore: before.stateAfter, isGuessed: true }));
  const after = await say(rooms, room, ALICE, 'after');
  for (const [id, status] of [
    [before.event.id, 200],
    [event.id, 404],
    [after.event.id, 404],
  ] as const)
    for (const path of ['state', 'state_ids'])
      assert.equal((await server.call('GET', `/v1/${path}/${at(room.roomId)}?event_id=${at(id)}`)).status, status);
});

onEachDatabase('history is told from the newest back, and what is missing from the oldest on', async (db, t) => {
  const server = new ResidentServer(t, db);
  const room = await newRoom(server.rooms, { version: '11' });
  await server.join(room, DORA);
  const said: StoredEvent[] = [];
  for (let n = 1; n <= 8; n++) said.push(await say(server.rooms, room, ALICE, `${n}`));
  const where = at(room.roomId);
  const id = (n: number) => said[n - 1]!.event.id;
  const back = await server.call('GET', `/v1/backfill/${where}?v=${at(id(6))}&limit=4`);
  assert.deepEqual(bodiesIn(back.body, 'pdus'), ['6', '5', '4', '3']);
  assert.deepEqual([back.body.origin, typeof back.body.origin_server_ts], ['one.example', 'number']);
  const missing = async (body: JsonObject) =>
    bodiesIn((await server.call('POST', `/v1/get_missing_events/${where}`, body)).body, 'events');
  assert.deepEqual(await missing({ earliest_events: [id(3)], latest_events: [id(7)] }), ['4', '5', '6']);
  assert.deepEqual(await missing({ earliest_events: [], latest_events: [id(7)], limit: 2 }), ['5', '6']);
  assert.deepEqual(await missing({ earliest_events: [], latest_events: [id(7), id(8)], limit: 2 }), ['5', '6']);
  const minDepth = said[4]!.event.depth;
  assert.deepEqual(await missing({ earliest_events: [], latest_events: [id(8)], min_depth: minDepth }), [
    '5',
    '6',
    '7',
  ]);
  assert.deepEqual(await missing({ earliest_events: [], latest_events: [id(8)], limit: -1 }), []);
  assert.deepEqual(await missing({ earliest_events: [], latest_events: ['$no'] }), []);
});

onEachDatabase('every branch of the history is told, up to a hundred events', async (db, t) => {
  const server = new ResidentServer(t, db);
  const { rooms } = server;
  const room = await newRoom(rooms, { version: '11' });
  const join = await joinFrom(rooms, room, DORA);
  const branches = [];
  for (let n = 0; n < 3; n++) {
    const first = await accepted(rooms, room, { sender: DORA, prev: [join], content: { body: `${n}a` } });
    branches.push(await accepted(rooms, room, { sender: DORA, prev: [first], content: { body: `${n}b` } }));
  }
  const merge = await say(rooms, room, ALICE, 'all');
  const where = at(room.roomId);
  const { body } = await server.call('GET', `/v1/backfill/${where}?v=${at(merge.event.id)}&limit=7`);
  const bodies = bodiesIn(body, 'pdus');
  assert.deepEqual(bodies.slice(0, 1), ['all']);
  assert.deepEqual(bodies.slice(1, 4).sort(), ['0b', '1b', '2b']);
  assert.deepEqual(bodies.slice(4).sort(), ['0a', '1a', '2a']);
  for (let n = 0; n < 110; n++) await say(rooms, room, ALICE, 'x');
  const last = (await timelineOf(rooms, room)).at(-1)!;
  const long = await server.call('GET', `/v1/backfill/${where}?v=${at(last.event.id)}&limit=100000`);
  assert.equal(getArray(long.body, 'pdus')?.length, 100);
});

onEachDatabase('what was refused is not told, what stands before it is; what was held back is', async (db, t) => {
  const server = new ResidentServer(t, db);
  const { rooms } = server;
  const room = await newRoom(rooms, { version: '11' });
  await joinFrom(rooms, room, DORA);
  const before = await joinFrom(rooms, room, EMIL);
  const refused = await receive(rooms, room, { sender: ZED });
  assert.equal(refused.outcome, 'rejected');
  const after = await accepted(rooms, room, { sender: DORA, prev: [refused.stored, before] });
  const where = at(room.roomId);
  const { body } = await server.call('GET', `/v1/backfill/${where}?v=${at(after.event.id)}&limit=3`);
  assert.deepEqual(idsIn(body, 'pdus', room).slice(0, 2), [after.event.id, before.event.id]);
  assert.equal((await server.call('GET', `/v1/event/${at(refused.stored.event.id)}`)).status, 404);
  await ban(rooms, room, { sender: ALICE }, EMIL);
  const held = await receive(rooms, room, { sender: EMIL, prev: [after] });
  assert.equal(held.outcome, 'soft-failed');
  const answer = await server.call('GET', `/v1/event/${at(held.stored.event.id)}`);
  assert.deepEqual(idsIn(answer.body, 'pdus', room), [held.stored.event.id]);
});

onEachDatabase('N097 what the history visibility hides from a server it gets redacted', async (db, t) => {
  const server = new ResidentServer(t, db);
  const { rooms } = server;
  const seen: Record<string, unknown[]> = {};
  for (const visibility of ['world_readable', 'shared', 'invited', 'joined']) {
    const room = await newRoom(rooms, { version: '11' });
    await setVisibility(rooms, room, visibility);
    await say(rooms, room, ALICE, 'before');
    await invite(rooms, room, { sender: ALICE }, DORA);
    await say(rooms, room, ALICE, 'invited');
    await server.join(room, DORA);
    await say(rooms, room, ALICE, 'joined');
    await accepted(rooms, room, { sender: DORA, content: { body: 'own' } });
    const timeline = await timelineOf(rooms, room);
    const last = at(timeline.at(-1)!.event.id);
    const { body } = await server.call('GET', `/v1/backfill/${at(room.roomId)}?v=${last}&limit=100`);
    assert.deepEqual(idsIn(body, 'pdus', room).sort(), timeline.map(({ event }) => event.id).sort(), 'the same events');
    seen[visibility] = bodiesIn(body, 'pdus').filter(each => each !== undefined);
    const first = timeline.find(({ event }) => event.content.body === 'before');
    const one = await server.call('GET', `/v1/event/${at(first?.event.id ?? '')}`);
    assert.deepEqual(bodiesIn(one.body, 'pdus'), [
      ['world_readable', 'shared'].includes(visibility) ? 'before' : undefined,
    ]);
  }
  assert.deepEqual(seen, {
    world_readable: ['own', 'joined', 'invited', 'before'],
    shared: ['own', 'joined', 'invited', 'before'],
    invited: ['own', 'joined', 'invited'],
    joined: ['own', 'joined'],
  });
});

onEachDatabase('one of many users of a server who was there is enough', async (db, t) => {
  const server = new ResidentServer(t, db);
  const { rooms } = server;
  const room = await newRoom(rooms, { version: '11' });
  await setVisibility(rooms, room, 'joined');
  for (let n = 0; n < 120; n++) await joinFrom(rooms, room, `@u${n}:two.example` as UserId);
  await joinFrom(rooms, room, ZED);
  const said = await say(rooms, room, ALICE, 'x');
  for (let n = 0; n < 120; n++) await kick(rooms, room, { sender: ALICE }, `@u${n}:two.example` as UserId);
  const later = await say(rooms, room, ALICE, 'y');
  for (const { event } of [said, later]) {
    const { body } = await server.call('GET', `/v1/event/${at(event.id)}`);
    assert.deepEqual(bodiesIn(body, 'pdus'), [event.content.body]);
  }
});

onEachDatabase('a message whose place is not known is not told, a state event is', async (db, t) => {
  const server = new ResidentServer(t, db);
  const { rooms } = server;
  const room = await newRoom(rooms, { version: '11' });
  await joinFrom(rooms, room, DORA);
  const message = await remoteEvent(rooms, room, { sender: DORA });
  const state = await remoteEvent(rooms, room, {
    sender: DORA,
    type: 'm.room.member',
    stateKey: DORA,
    content: { membership: 'join', displayname: 'D' },
  });
  await db.tx(tx => storeOutliers(rooms, tx, room, [message, state]));
  assert.equal((await server.call('GET', `/v1/event/${at(message.id)}`)).status, 404);
  const { status, body } = await server.call('GET', `/v1/event/${at(state.id)}`);
  assert.deepEqual([status, getArray(body, 'pdus')?.length], [200, 1]);
  assert.equal((await server.call('GET', `/v1/state/${at(room.roomId)}?event_id=${at(state.id)}`)).status, 404);
});

onEachDatabase('the event nearest to a time is told', async (db, t) => {
  const server = new ResidentServer(t, db);
  const room = await newRoom(server.rooms);
  await server.join(room, DORA);
  const [one, two] = [await say(server.rooms, room, ALICE, '1'), await say(server.rooms, room, ALICE, '2')];
  const near = async (ts: number, dir: string) =>
    (await server.call('GET', `/v1/timestamp_to_event/${at(room.roomId)}?ts=${ts}&dir=${dir}`)).body;
  assert.deepEqual(await near(one.event.ts + 1, 'f'), { event_id: two.event.id, origin_server_ts: two.event.ts });
  assert.deepEqual(await near(two.event.ts - 1, 'b'), { event_id: one.event.id, origin_server_ts: one.event.ts });
  assert.equal((await near(two.event.ts + 1000, 'f')).errcode, 'M_NOT_FOUND');
});
