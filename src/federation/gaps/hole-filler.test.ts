import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { HistoryWorld, THREE } from '../../../test/support/history-world.ts';
import { branch } from '../../../test/support/other-server.ts';
import { DORA, newest, TWO } from '../../../test/support/remote-events.ts';
import { ALICE, bodiesSeen, say } from '../../../test/support/rooms.ts';
import { redactedEvent } from '../../core/event.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import { backwardExtremities } from '../../rooms/backward-extremities.table.ts';
import { extremities } from '../../rooms/extremities.table.ts';
import { leave } from '../../rooms/membership.ts';
import type { StoredEvent } from '../../rooms/room.ts';
import { UnreachableError } from '../transport/errors.ts';
import { holeFigures } from './holes.table.ts';
import { missingStatus } from './missing-status.ts';

const YEAR_MS = 365 * 86_400_000;
const pdu = (stored: StoredEvent) => stored.event.pdu as unknown as JsonObject;
const figures = async (db: Queryable) => {
  const { missing, lost } = await holeFigures(db);
  return [missing, lost];
};

/** Which endpoint a question is for. */
const kindOf = (path: string) => /\/v1\/([a-z_]+)/.exec(path)?.[1] ?? '';
const asksForEvents = (path: string) => ['event', 'get_missing_events', 'backfill'].includes(kindOf(path));

/** A room in which an event did not come, and what builds on it did: nobody gave what lies between. */
async function withHole(world: HistoryWorld, lost: readonly string[] = ['lost']) {
  const remote = await world.newRoom();
  await world.enterThird(remote);
  const room = await world.enter(remote);
  const missing: StoredEvent[] = [];
  for (const body of lost) missing.push(await say(world.there, remote, DORA, body));
  const found = await say(world.there, remote, DORA, 'found');
  world.servers.instead = (_, { path }) =>
    kindOf(path) === 'event' ? { pdus: [] } : asksForEvents(path) ? { events: [], pdus: [] } : undefined;
  await world.send([found]);
  assert.deepEqual(await bodiesSeen(world.here, room, ALICE), [], 'not on the first word of who keeps things back');
  world.here.clock.advance(60_000);
  await world.drain.start();
  await world.settled();
  assert.deepEqual(await bodiesSeen(world.here, room, ALICE), ['found']);
  world.servers.asked.length = 0;
  return { remote, room, missing, found };
}

onEachDatabase('what is known to be missing is asked for, and shown at last', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const { room, remote } = await withHole(world, ['one', 'two', 'three']);
  assert.deepEqual(await figures(db), [1, 0]);
  const status = await missingStatus(world.here);
  assert.deepEqual([status.missing, status.rooms], [1, [{ roomId: room.roomId, events: 1 }]]);
  assert.ok(status.ageSeconds > 0);
  world.servers.instead = () => undefined;
  await world.holes.work();
  assert.deepEqual(await bodiesSeen(world.here, room, ALICE), ['found', 'one', 'two', 'three']);
  assert.deepEqual(await figures(db), [0, 0]);
  assert.equal(world.servers.asked.filter(each => each.includes('backfill')).length, 1);
  assert.equal((await extremities(db, room.nid)).length, 1, 'what was missing is no end of the room');
  await world.send([await say(world.there, remote, DORA, 'next')]);
  assert.deepEqual((await bodiesSeen(world.here, room, ALICE)).at(-1), 'next');
});

onEachDatabase('the other servers of the room are asked too', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const { room, missing } = await withHole(world);
  world.servers.instead = (server, { path }) => {
    if (server === THREE) return kindOf(path) === 'backfill' ? { pdus: missing.map(pdu) } : undefined;
    throw new UnreachableError(server, 'connect', 'down');
  };
  await world.holes.work();
  assert.deepEqual(await bodiesSeen(world.here, room, ALICE), ['found', 'lost']);
});

onEachDatabase('what nobody has is lost, which is shown, and asked for no more', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const { room, missing } = await withHole(world);
  await world.holes.work();
  assert.deepEqual(await figures(db), [1, 1]);
  const servers = new Set(world.servers.asked.map(each => each.split(' ')[1]));
  assert.deepEqual([...servers].sort(), [THREE, TWO]);
  const { asked } = world.servers;
  asked.length = 0;
  world.here.clock.advance(30 * 86_400_000);
  await world.holes.work();
  assert.deepEqual(asked, []);
  world.servers.instead = () => undefined;
  await world.send(missing);
  assert.deepEqual(await bodiesSeen(world.here, room, ALICE), ['found', 'lost'], 'should it come all the same');
  assert.deepEqual(await figures(db), [0, 0]);
});

onEachDatabase('servers that cannot be asked are asked again, less and less often', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  await withHole(world);
  world.servers.instead = server => {
    throw new UnreachableError(server, 'connect', 'down');
  };
  const rounds: number[] = [];
  for (let hours = 0; hours < 60; hours++) {
    world.servers.asked.length = 0;
    await world.holes.work();
    if (world.servers.asked.length > 0) rounds.push(hours);
    world.here.clock.advance(3_600_000);
  }
  assert.deepEqual(await figures(db), [1, 1]);
  assert.deepEqual(rounds, [0, 1, 2, 8, 32]);
});

onEachDatabase('a clock that was a year ahead keeps nothing missing for a year', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const { room } = await withHole(world);
  world.servers.instead = server => {
    throw new UnreachableError(server, 'connect', 'down');
  };
  world.here.clock.advance(YEAR_MS);
  await world.holes.work();
  assert.deepEqual(await figures(db), [1, 0]);
  world.here.clock.advance(-YEAR_MS);
  world.servers.instead = () => undefined;
  await world.holes.work();
  assert.deepEqual(await bodiesSeen(world.here, room, ALICE), ['found', 'lost']);
});

onEachDatabase('an event that one server gives without its content is taken from another', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const { room, missing } = await withHole(world);
  const redacted = missing.map(({ event }) => redactedEvent(event).pdu as unknown as JsonObject);
  world.servers.instead = (server, { path }) =>
    kindOf(path) === 'backfill' ? { pdus: server === TWO ? redacted : missing.map(pdu) } : undefined;
  await world.holes.work();
  assert.deepEqual(await bodiesSeen(world.here, room, ALICE), ['found', 'lost']);
  const again = await withHole(world);
  const all = again.missing.map(({ event }) => redactedEvent(event).pdu as unknown as JsonObject);
  world.servers.instead = (_, { path }) => (kindOf(path) === 'backfill' ? { pdus: all } : undefined);
  await world.holes.work();
  assert.deepEqual(await bodiesSeen(world.here, again.room, ALICE), ['found', undefined], 'where all give it so');
  assert.deepEqual(await figures(db), [0, 0]);
});

onEachDatabase('an event that only one server has, without its content, is taken in the next round', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const { room, missing } = await withHole(world);
  const redacted = missing.map(({ event }) => redactedEvent(event).pdu as unknown as JsonObject);
  world.servers.instead = (server, { path }) =>
    kindOf(path) === 'backfill'
      ? { pdus: server === TWO ? redacted : [] }
      : asksForEvents(path)
        ? { pdus: [] }
        : undefined;
  await world.holes.work();
  assert.deepEqual(await bodiesSeen(world.here, room, ALICE), ['found'], 'somebody may have it whole');
  await db.run(sql`update hole set due = 0 where due is not null`);
  await world.holes.work();
  assert.deepEqual(await bodiesSeen(world.here, room, ALICE), ['found', undefined]);
  assert.deepEqual(await figures(db), [0, 0]);
});

onEachDatabase('N067 N102 N103 forged, foreign and endless answers fill nothing', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const { room, missing } = await withHole(world);
  const [lost] = missing;
  const forged = { ...pdu(lost!), signatures: {} };
  const foreign = pdu(await say(world.there, await world.newRoom(), DORA, 'elsewhere'));
  const unasked = pdu(await newest(world.there, (await world.there.rooms.find(world.there.db, room.roomId))!));
  world.servers.instead = (_, { path }) =>
    kindOf(path) === 'backfill' ? { pdus: [forged, foreign, unasked, 5, null] } : { pdus: [forged] };
  await world.holes.work();
  assert.deepEqual(await bodiesSeen(world.here, room, ALICE), ['found']);
  assert.deepEqual(await figures(db), [1, 1]);
});

onEachDatabase('a long chain of missing events has its turn, and so have the others', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const { room, missing } = await withHole(
    world,
    Array.from({ length: 30 }, (_, n) => `${n}`),
  );
  // One event at a time: each brings the next hole.
  world.servers.instead = (_, { path, query }) => {
    if (kindOf(path) !== 'backfill') return undefined;
    const wanted = [query?.v].flat();
    return { pdus: missing.filter(({ event }) => wanted.includes(event.id)).map(pdu) };
  };
  await world.holes.work();
  assert.equal(
    (await bodiesSeen(world.here, room, ALICE)).length,
    21,
    'twenty in its turn, and the one that was there',
  );
  world.here.clock.advance(61_000);
  await world.holes.work();
  assert.equal((await bodiesSeen(world.here, room, ALICE)).length, 31);
});

onEachDatabase('what is from before we came in is history, and no hole', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const remote = await world.newRoom();
  const before = await say(world.there, remote, DORA, 'before');
  for (let n = 0; n < 20; n++) await say(world.there, remote, DORA, `${n}`);
  const room = await world.enter(remote);
  const old = await branch(world.there, remote, before, 'old branch');
  const late = await branch(world.there, remote, old, 'on the old branch');
  await world.send([late]);
  assert.deepEqual(await figures(db), [0, 0]);
  assert.ok((await backwardExtremities(db, room.nid)).includes(old.event.id));
  const names = await world.readBack(room, 50);
  assert.ok(names.includes('old branch') && names.includes('before'));
  assert.deepEqual((await bodiesSeen(world.here, room, ALICE)).filter(body => body === 'on the old branch').length, 1);
});

onEachDatabase('what is missing of rooms that we have left is forgotten', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const { room } = await withHole(world);
  await leave(world.here, room, { sender: ALICE });
  await world.holes.work();
  assert.deepEqual([await figures(db), world.servers.asked], [[0, 0], []]);
});
