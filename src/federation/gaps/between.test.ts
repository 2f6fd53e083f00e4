import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { HistoryWorld } from '../../../test/support/history-world.ts';
import { DORA, newest } from '../../../test/support/remote-events.ts';
import { ALICE, bodiesSeen, say, setState, stateContent } from '../../../test/support/rooms.ts';
import { ids, SyncBench } from '../../../test/support/sync.ts';
import { redactedEvent } from '../../core/event.ts';
import type { JsonObject } from '../../core/json.ts';
import { backwardExtremities } from '../../rooms/backward-extremities.table.ts';
import { extremities } from '../../rooms/extremities.table.ts';
import type { Room, StoredEvent } from '../../rooms/room.ts';
import { inboxFigures } from '../inbound/inbox.table.ts';
import { holeFigures } from './holes.table.ts';

const kindOf = (path: string) => /\/v1\/([a-z_]+)/.exec(path)?.[1] ?? '';
const pdu = (stored: StoredEvent) => stored.event.pdu as unknown as JsonObject;

async function sayMany(world: HistoryWorld, remote: Room, count: number): Promise<StoredEvent[]> {
  const said: StoredEvent[] = [];
  for (let at = 0; at < count; at++) said.push(await say(world.there, remote, DORA, `text ${at}`));
  return said;
}

/** How often each endpoint was asked. */
function askedOf(world: HistoryWorld): Record<string, number> {
  const kinds = world.servers.asked.map(each => each.split(' ')[2]?.split('/')[0] ?? '');
  return Object.fromEntries([...new Set(kinds)].map(kind => [kind, kinds.filter(each => each === kind).length]));
}

onEachDatabase('what is too wide a gap is history, and a sync ends at it', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  using bench = new SyncBench(world.here);
  const remote = await world.newRoom();
  const room = await world.enter(remote);
  const { next_batch } = await bench.as(ALICE);
  const before = await say(world.here, room, ALICE, 'before');
  await world.tell(remote, before.event);
  const said = await sayMany(world, remote, 150);
  const bodies = said.map((_, at) => `text ${at}`);
  await setState(world.there, remote, DORA, 'm.room.topic', { topic: 'of now' });
  said.push(await newest(world.there, remote));
  const last = await say(world.there, remote, DORA, 'last');
  // A server that gives ten at a time, however it is asked.
  const given = (body: JsonObject) => {
    const latest = (body.latest_events as string[])[0];
    const at = latest === last.event.id ? said.length : said.findIndex(each => each.event.id === latest);
    return { events: said.slice(Math.max(0, at - 10), at).map(pdu) };
  };
  world.servers.instead = (_, { path, body }) =>
    kindOf(path) === 'get_missing_events' ? given(body as JsonObject) : undefined;
  await world.send([last]);
  const asked = askedOf(world);
  assert.ok((asked.get_missing_events ?? 0) <= 10, JSON.stringify(asked));
  assert.ok((asked.state_ids ?? 0) + (asked.state ?? 0) <= 2, 'one state');
  assert.deepEqual(await stateContent(world.here, room, 'm.room.topic'), { topic: 'of now' });
  assert.equal((await holeFigures(db)).missing, 0, 'nobody is asked for all of it at once');
  assert.equal((await backwardExtremities(db, room.nid)).length > 0, true);
  const filter = { room: { timeline: { limit: 500 } } };
  const timeline = (await bench.as(ALICE, next_batch, { filter })).rooms?.join?.[room.roomId]?.timeline;
  assert.equal(timeline?.limited, true);
  const shown = ids(timeline?.events ?? []);
  assert.equal(shown.at(-1), last.event.id);
  assert.equal(shown.includes(before.event.id), false, 'what is before the gap stands nowhere near it');
  assert.ok(shown.length < said.length);
  const back = await world.readBack(room, 50);
  assert.deepEqual(back.slice(back.indexOf('before')), ['before', ...bodies, 'm.room.topic', 'last']);
});

onEachDatabase('what was missing in a gap and comes by itself is no end of the room', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const remote = await world.newRoom();
  const room = await world.enter(remote);
  const said = await sayMany(world, remote, 25);
  const last = await say(world.there, remote, DORA, 'last');
  // The same for every question, as if nothing lay before.
  let events = said.slice(-10).map(pdu);
  world.servers.instead = (_, { path }) => (kindOf(path) === 'get_missing_events' ? { events } : undefined);
  await world.send([last]);
  const missing = await backwardExtremities(db, room.nid);
  const top = said.find(each => missing.includes(each.event.id)) ?? assert.fail('there is no gap');
  const ends = await extremities(db, room.nid);
  events = [];
  await world.send([top]);
  world.here.clock.advance(60_000);
  await world.drain.start();
  await world.settled();
  assert.equal((await bodiesSeen(world.here, room, ALICE)).at(-1), (top.event.content as { body: string }).body);
  assert.deepEqual(await extremities(db, room.nid), ends);
  assert.equal((await holeFigures(db)).missing, 0, 'what it builds on is missing in the same gap');
  world.servers.instead = () => undefined;
  const back = (await world.readBack(room, 50)).filter(body => body.startsWith('text'));
  assert.deepEqual(back.toSorted(), said.map((_, at) => `text ${at}`).toSorted(), 'all of it, once');
});

onEachDatabase('what is given without its content is a hole, however much lies above it', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const remote = await world.newRoom();
  const room = await world.enter(remote);
  const said = await sayMany(world, remote, 15);
  const last = await say(world.there, remote, DORA, 'last');
  const redacted = redactedEvent(said[3]!.event).pdu as unknown as JsonObject;
  const pdus = said.map((each, at) => (at === 3 ? redacted : pdu(each)));
  world.servers.instead = (_, { path }) => {
    if (kindOf(path) === 'event') return { pdus: [redacted] };
    return kindOf(path) === 'get_missing_events' ? { events: pdus } : undefined;
  };
  await world.send([last]);
  assert.equal((await bodiesSeen(world.here, room, ALICE)).length, 12);
  assert.equal((await holeFigures(db)).missing, 1);
  assert.equal((await backwardExtremities(db, room.nid)).includes(said[3]!.event.id), false);
  world.servers.instead = () => undefined;
  await world.holes.work();
  assert.equal((await bodiesSeen(world.here, room, ALICE)).length, 16);
});

onEachDatabase('a server that keeps back what an event builds on is not asked for the state', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const remote = await world.newRoom();
  const room = await world.enter(remote);
  const hidden = await say(world.there, remote, DORA, 'hidden');
  const answers = [[], [{ ...pdu(hidden), depth: 'many' }]];
  for (const events of answers) {
    world.servers.asked.length = 0;
    world.servers.instead = (_, { path }) => (kindOf(path) === 'get_missing_events' ? { events } : undefined);
    await world.send([await say(world.there, remote, DORA, 'sent')]);
    assert.deepEqual(askedOf(world), { get_missing_events: 1 });
    assert.deepEqual(await bodiesSeen(world.here, room, ALICE), []);
  }
  assert.equal((await inboxFigures(db)).waiting, 2, 'they wait, and are asked about again');
  world.servers.instead = () => undefined;
  world.here.clock.advance(60_000);
  await world.drain.start();
  await world.settled();
  assert.deepEqual(await bodiesSeen(world.here, room, ALICE), ['hidden', 'sent', 'sent']);
});

onEachDatabase('where a state lacks an event, what builds on it waits, and nothing is asked in vain', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const remote = await world.newRoom();
  const room = await world.enter(remote);
  const topics: string[] = [];
  for (const topic of ['one', 'two', 'three'])
    topics.push(await setState(world.there, remote, DORA, 'm.room.topic', { topic }));
  const said = await sayMany(world, remote, 4);
  // Short answers, and a topic that nobody gives.
  world.servers.instead = (_, { path }) => {
    if (kindOf(path) === 'get_missing_events') return { events: said.slice(1, 3).map(pdu) };
    return path.includes(encodeURIComponent(topics[2]!)) ? { pdus: [] } : undefined;
  };
  await world.send([said[3]!]);
  const { state_ids: states, get_missing_events: missing } = askedOf(world);
  assert.deepEqual([states, missing], [1, 1]);
  assert.deepEqual(await bodiesSeen(world.here, room, ALICE), []);
  assert.equal(await stateContent(world.here, room, 'm.room.topic'), undefined);
  assert.equal((await inboxFigures(db)).waiting, 1);
  world.servers.instead = () => undefined;
  world.here.clock.advance(60_000);
  await world.drain.start();
  await world.settled();
  assert.deepEqual(await bodiesSeen(world.here, room, ALICE), ['text 0', 'text 1', 'text 2', 'text 3']);
  assert.deepEqual(await stateContent(world.here, room, 'm.room.topic'), { topic: 'three' });
});
