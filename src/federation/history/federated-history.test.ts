import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { HistoryWorld, nameOf } from '../../../test/support/history-world.ts';
import { branch } from '../../../test/support/other-server.ts';
import { DORA, newest } from '../../../test/support/remote-events.ts';
import { ALICE, BOB, say, setState, stateContent, timelineOf, viewOf } from '../../../test/support/rooms.ts';
import { type Event, readEvent } from '../../core/event.ts';
import type { EventId } from '../../core/ids.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { signEvent } from '../../core/signatures.ts';
import { proposal, topOf } from '../../rooms/append.ts';
import { backwardExtremities, gapsOf } from '../../rooms/backward-extremities.table.ts';
import { eventContext } from '../../rooms/context.ts';
import { compileFilter } from '../../rooms/event-filter.ts';
import { ingest } from '../../rooms/ingest.ts';
import { join } from '../../rooms/membership.ts';
import type { Room, StoredEvent } from '../../rooms/room.ts';
import { readableRoom } from '../../rooms/room-access.ts';
import { lockRoom, roomHead } from '../../rooms/rooms.table.ts';
import { eventNearTime } from '../../rooms/timestamp-to-event.ts';
import { UnreachableError } from '../transport/errors.ts';

const numbered = (count: number, what = 'text') => Array.from({ length: count }, (_, at) => `${what} ${at}`);
const isMessage = (name: string) => !name.startsWith('m.');

async function talk(world: HistoryWorld, remote: Room, bodies: readonly string[]): Promise<StoredEvent[]> {
  const said: StoredEvent[] = [];
  for (const body of bodies) said.push(await say(world.there, remote, DORA, body));
  return said;
}

onEachDatabase('reading back goes on beyond the join, to the beginning of the room', async (db, t) => {
  for (const [version, count, limit] of [
    ['1', 20, 10],
    ['6', 20, 7],
    ['12', 250, 200],
  ] as const) {
    const world = await HistoryWorld.start(t, db);
    const remote = await world.newRoom(version);
    await talk(world, remote, numbered(count));
    const room = await world.enter(remote);
    const head = await roomHead(db, room.nid);
    const all = await world.readBack(room, limit);
    assert.deepEqual(all.filter(isMessage), numbered(count));
    assert.equal(all[0], 'm.room.create');
    assert.deepEqual(await backwardExtremities(db, room.nid), []);
    assert.deepEqual(await roomHead(db, room.nid), head, 'the room is what it was');
    const before = world.servers.asked.length;
    assert.deepEqual((await world.readBack(room, limit)).filter(isMessage), numbered(count));
    assert.equal(world.servers.asked.length, before, 'what we have is not fetched again');
  }
});

onEachDatabase('what happened between two stays comes between them', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const remote = await world.newRoom();
  await talk(world, remote, ['before']);
  const room = await world.enter(remote);
  await say(world.here, room, ALICE, 'first stay').then(({ event }) => world.tell(remote, event));
  await world.leave(room, remote);
  await talk(world, remote, numbered(130, 'away'));
  await world.enter(remote);
  const again = await say(world.here, room, ALICE, 'second stay');
  await world.tell(remote, again.event);
  const expected = ['before', 'first stay', ...numbered(130, 'away'), 'second stay'];
  assert.equal((await gapsOf(db, room.nid)).length, 2);
  assert.deepEqual((await world.readBack(room, 10)).filter(isMessage), expected);
  assert.deepEqual(await gapsOf(db, room.nid), []);
  const forward = await world.page(room, { direction: 'f', limit: 1000 });
  assert.deepEqual(forward.chunk.map(nameOf).filter(isMessage), expected);
});

onEachDatabase('branches of the history come whole', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const remote = await world.newRoom();
  await talk(world, remote, ['start']);
  for (let n = 0; n < 60; n++) {
    const prev = await newest(world.there, remote);
    for (const side of ['left', 'right']) await branch(world.there, remote, prev, `${n} ${side}`);
    await say(world.there, remote, DORA, `${n} both`);
  }
  const room = await world.enter(remote);
  const names = (await world.readBack(room, 50)).filter(isMessage);
  assert.equal(names.length, 181);
  assert.deepEqual(
    names.filter(name => name.endsWith('both')),
    Array.from({ length: 60 }, (_, n) => `${n} both`),
  );
});

onEachDatabase('N051 history may build on more events than new ones may', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const { there } = world;
  const remote = await world.newRoom();
  const start = await newest(there, remote);
  const sides: Event[] = [];
  for (const body of numbered(25, 'side')) sides.push((await branch(there, remote, start, body)).event);
  const old = await there.db.tx(async tx => {
    const draft = await proposal(there, tx, remote, await topOf(there, tx, remote, await lockRoom(tx, remote.nid)), {
      type: 'm.room.message',
      sender: DORA,
      content: { body: 'all sides' },
    });
    const pdu = { ...draft, prev_events: sides.map(({ id }) => id) };
    const signed = signEvent(pdu, remote.version, there.serverName, there.signingKey, there.crypto);
    const event = readEvent(signed, remote.version, there.crypto, { anyReferences: true });
    return (await ingest(there, tx, remote, event)).outcome;
  });
  assert.equal(old, 'accepted');
  await talk(world, remote, ['after']);
  const room = await world.enter(remote);
  const names = (await world.readBack(room, 50)).filter(isMessage);
  assert.deepEqual(names.slice(-2), ['all sides', 'after']);
  assert.equal(names.length, 27);
});

onEachDatabase('a server that is down is passed over, and the next is asked', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const remote = await world.newRoom();
  await talk(world, remote, numbered(3));
  const room = await world.enter(remote);
  world.servers.instead = server => {
    throw new UnreachableError(server, 'connect', 'down');
  };
  const lost = await world.page(room, { limit: 5 });
  assert.deepEqual(lost.chunk.map(nameOf), ['m.room.member']);
  assert.ok(lost.end !== undefined, 'there is more, which cannot be had now');
  const asked = world.servers.asked.length;
  const still = await world.page(room, { limit: 5, from: lost.end });
  assert.deepEqual([still.chunk, still.end, world.servers.asked.length], [[], lost.end, asked]);
  world.servers.instead = () => undefined;
  world.here.clock.advance(60_000);
  assert.deepEqual((await world.readBack(room)).filter(isMessage), numbered(3));
});

onEachDatabase('what nobody has is given up after some days of asking', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const remote = await world.newRoom();
  await talk(world, remote, numbered(3));
  const room = await world.enter(remote);
  world.servers.instead = (_, { path }) => (path.includes('backfill') ? { pdus: [] } : undefined);
  for (let n = 0; n < 8; n++) {
    assert.ok((await world.page(room)).end !== undefined);
    world.here.clock.advance(60_000);
  }
  assert.equal((await world.page(room)).end, undefined, 'the room begins here then');
});

onEachDatabase('N067 N103 what does not hang together with the edge, or is not signed, is not taken', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const remote = await world.newRoom();
  const said = await talk(world, remote, numbered(6));
  const room = await world.enter(remote);
  const other = await talk(world, await world.newRoom(), ['elsewhere']);
  const pdu = (stored: StoredEvent) => stored.event.pdu as unknown as JsonObject;
  const forged = { ...pdu(said[5]!), content: { body: 'forged' } };
  const unsigned = { ...pdu(said[4]!), signatures: {} };
  const given: Json[] = [forged, unsigned, pdu(said[1]!), pdu(other[0]!), 'x', null, { room_id: remote.roomId }];
  world.servers.instead = (_, { path }) => (path.includes('backfill') ? { pdus: given } : undefined);
  const { chunk } = await world.page(room, { limit: 50 });
  assert.deepEqual(chunk.map(nameOf), ['m.room.member', 'm.room.message'], 'the forged one counts redacted');
  for (const stored of [said[4]!, said[1]!, other[0]!])
    assert.equal(await world.here.events.byId(db, stored.event.id), undefined);
  assert.deepEqual(await backwardExtremities(db, room.nid), [said[4]!.event.id]);
});

onEachDatabase('history that we may not see comes redacted, and is shown to nobody', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const remote = await world.newRoom();
  await setState(world.there, remote, DORA, 'm.room.history_visibility', { history_visibility: 'joined' });
  const said = await talk(world, remote, numbered(5));
  await setState(world.there, remote, DORA, 'm.room.topic', { topic: 'secret' });
  const room = await world.enter(remote);
  const names = await world.readBack(room);
  assert.deepEqual(names.slice(-2), ['m.room.history_visibility', 'm.room.member'], 'up to where it was set');
  assert.equal(names[0], 'm.room.create');
  const stored = await world.here.events.byId(db, said[2]!.event.id);
  assert.deepEqual(stored?.event.content, {});
  assert.deepEqual(await stateContent(world.here, room, 'm.room.topic'), { topic: 'secret' }, 'the state is whole');
});

onEachDatabase('the events around one are fetched too', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const remote = await world.newRoom();
  await talk(world, remote, numbered(12));
  const room = await world.enter(remote);
  const view = await viewOf(world.here, ALICE);
  const readable = await readableRoom(world.here, room.roomId, view);
  const eventId = (await timelineOf(world.here, room))[0]!.event.id;
  const query = { eventId, limit: 8, filter: compileFilter(), history: world.history };
  const { answer } = await eventContext(world.here, db, readable, view, query);
  assert.deepEqual((answer.events_before as JsonObject[]).map(nameOf), ['text 11', 'text 10', 'text 9', 'text 8']);
});

onEachDatabase('an event of long ago is found by its time, and reading goes on from there', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const { here, history } = world;
  const remote = await world.newRoom();
  const said = await talk(world, remote, numbered(300));
  const room = await world.enter(remote);
  const view = await viewOf(here, ALICE);
  const near = async (ts: number, direction: 'f' | 'b') =>
    (await eventNearTime(here, db, room, view, { ts, direction, history })).stored.event;
  const ids = (stored: StoredEvent | undefined) => stored?.event.id;
  assert.equal((await near(said[20]!.event.ts, 'b')).id, ids(said[20]));
  assert.equal((await near(said[120]!.event.ts - 1, 'f')).id, ids(said[120]));
  assert.equal((await near(said[299]!.event.ts, 'b')).id, ids(said[299]), 'the edge itself');
  await assert.rejects(near(0, 'b'), { errcode: 'M_NOT_FOUND' });
  const readable = await readableRoom(here, room.roomId, view);
  const around = async (eventId: EventId | undefined, limit: number) =>
    (await eventContext(here, db, readable, view, { eventId: eventId ?? '', limit, filter: compileFilter(), history }))
      .answer;
  const { end } = await around(ids(said[120]), 0);
  const { chunk } = await world.page(room, { from: String(end), limit: 5 });
  assert.deepEqual(chunk.map(nameOf), ['text 120', 'text 119', 'text 118', 'text 117', 'text 116']);
  const { events_after: after } = await around(ids(said[120]), 6);
  assert.deepEqual((after as JsonObject[]).map(nameOf), ['text 121', 'text 122', 'text 123']);
  assert.deepEqual((await world.readBack(room, 50)).filter(isMessage), numbered(300), 'all of it, in its order');
  assert.deepEqual(await gapsOf(db, room.nid), []);
});

onEachDatabase('nothing is asked for rooms that we are not in, and one question serves many', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const remote = await world.newRoom();
  await talk(world, remote, numbered(5));
  const room = await world.enter(remote);
  await Promise.all([world.page(room), world.page(room), world.page(room)]);
  assert.equal(world.servers.asked.filter(each => each.includes('backfill')).length, 1);
  await join(world.here, room, { sender: BOB });
  const other = await world.newRoom();
  await talk(world, other, numbered(5));
  const left = await world.enter(other);
  await world.leave(left, other);
  world.servers.asked.length = 0;
  assert.equal(await world.history.fill(left, 0), false);
  assert.equal(await world.history.eventNear(left, 0, 'f'), undefined);
  assert.deepEqual(world.servers.asked, []);
});
