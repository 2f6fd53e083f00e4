import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { OutboundWorld, refusal, type SentTransaction } from '../../../test/support/outbound.ts';
import { DORA, joinFrom, TWO } from '../../../test/support/remote-events.ts';
import { ALICE, newRoom, say } from '../../../test/support/rooms.ts';
import type { ServerName, UserId } from '../../core/ids.ts';
import type { Database } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import { findStanding } from './destination.table.ts';

const THREE = 'three.example' as ServerName;

/** Forty messages wait for two servers; the 23rd is `poison`. */
async function poisoned(db: Database): Promise<OutboundWorld> {
  const world = new OutboundWorld(db);
  const room = await newRoom(world.rooms);
  for (const user of [DORA, '@tim:three.example' as UserId]) await joinFrom(world.rooms, room, user);
  for (let at = 0; at < 40; at++) await say(world.rooms, room, ALICE, at === 22 ? 'poison' : `${at}`);
  return world;
}

function isPoisoned({ server, pdus }: SentTransaction): boolean {
  return server === TWO && JSON.stringify(pdus).includes('poison');
}

async function setAsideRows(db: Database) {
  return db.all<{ kind: string; reason: string }>(sql`select kind, reason from outbound_set_aside`);
}

for (const [status, errcode] of [
  [400, 'M_BAD_JSON'],
  [413, undefined],
] as const) {
  onEachDatabase(
    `N084 what a peer answers with ${status} is halved down to the one event, which is set aside`,
    async db => {
      await using world = await poisoned(db);
      world.peers.answer = sent => (isPoisoned(sent) ? Promise.reject(refusal(TWO, status, errcode)) : { pdus: {} });
      world.start();
      await world.settle();
      const good = Array.from({ length: 40 }, (_, at) => `${at}`).filter(body => body !== '22');
      const taken = world.peers.to(TWO).filter(sent => !isPoisoned(sent));
      const bodies = taken.flatMap(sent => sent.pdus.map(pdu => (pdu.content as { body: string }).body));
      assert.deepEqual(bodies, good, 'all the others arrive once, in order');
      assert.ok(world.peers.to(TWO).length <= 20, `${world.peers.to(TWO).length} transactions`);
      assert.equal(world.peers.bodies(THREE).length, 40, 'others get everything');
      assert.deepEqual(
        (await setAsideRows(db)).map(row => row.kind),
        ['event'],
      );
      assert.ok(!world.outbound.sender.isFailing(await world.numberOf(TWO)));
    },
  );
}

onEachDatabase('N084 an event at which a peer breaks down each time is found out and set aside', async db => {
  await using world = await poisoned(db);
  world.peers.answer = sent => (isPoisoned(sent) ? Promise.reject(refusal(TWO, 500, 'M_UNKNOWN')) : { pdus: {} });
  world.start();
  await world.settle();
  assert.equal((await setAsideRows(db)).length, 0, 'a server that breaks down once may be back soon');
  for (let tries = 0; tries < 4; tries++) await world.pass(100_000);
  assert.equal((await setAsideRows(db)).length, 1);
  assert.deepEqual(
    world.peers.bodies(TWO).slice(-17),
    Array.from({ length: 17 }, (_, at) => `${at + 23}`),
  );
});

for (const [status, errcode] of [
  [400, 'M_UNKNOWN'],
  [500, undefined],
  [502, undefined],
  [401, 'M_UNAUTHORIZED'],
  [404, 'M_UNRECOGNIZED'],
] as const) {
  onEachDatabase(`a peer that answers everything with ${status} loses nothing by it`, async db => {
    await using world = await poisoned(db);
    world.peers.answer = ({ server }) =>
      server === TWO ? Promise.reject(refusal(TWO, status, errcode)) : { pdus: {} };
    world.start();
    await world.settle();
    for (let tries = 0; tries < 5; tries++) await world.pass(200_000);
    assert.equal((await setAsideRows(db)).length, 0);
    const before = world.peers.sent.length;
    world.peers.answer = () => ({ pdus: {} });
    await world.pass(1_000_000);
    const bodies = world.peers.sent.slice(before).flatMap(sent => sent.pdus);
    assert.equal(bodies.length, 40);
  });
}

onEachDatabase(
  'a peer that has enough for now is left alone for as long as it asks, up to the longest wait',
  async db => {
    await using world = await poisoned(db);
    let patience = 600_000;
    world.peers.answer = ({ server }) => Promise.reject(refusal(server, 429, 'M_LIMIT_EXCEEDED', patience));
    world.start();
    await world.settle();
    const nid = await world.numberOf(TWO);
    assert.equal((await findStanding(db, nid))?.retry_at, world.clock.now() + 600_000);
    patience = Number.MAX_SAFE_INTEGER;
    await world.pass(600_001);
    assert.equal((await findStanding(db, nid))?.retry_at, world.clock.now() + 3_600_000);
  },
);

onEachDatabase('an event that a peer took and refused is not sent again', async db => {
  await using world = await poisoned(db);
  world.peers.answer = ({ pdus }) => ({
    pdus: Object.fromEntries(pdus.map((_, at) => [`$${at}`, { error: 'not allowed' }])),
  });
  world.start();
  await world.settle();
  assert.equal(world.peers.bodies(TWO).length, 40);
  assert.equal((await db.all(sql`select 1 from outbound_room`)).length, 0);
});

onEachDatabase('N083 a transaction stays below a megabyte, however large the events in it', async db => {
  await using world = new OutboundWorld(db);
  const room = await newRoom(world.rooms);
  await joinFrom(world.rooms, room, DORA);
  for (let at = 0; at < 50; at++) await say(world.rooms, room, ALICE, `${at} ${'x'.repeat(60_000)}`);
  world.start();
  await world.settle();
  const sizes = world.peers.sent.map(sent => JSON.stringify(sent.pdus).length);
  assert.ok(Math.max(...sizes) < 1024 * 1024, `${Math.max(...sizes)} bytes`);
  assert.equal(world.peers.bodies(TWO).length, 50);
});
