import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { DORA, EMIL, receive, TWO } from '../../../test/support/remote-events.ts';
import { say } from '../../../test/support/rooms.ts';
import { TalkingServers } from '../../../test/support/talking-servers.ts';
import type { EventId, ServerName } from '../../core/ids.ts';
import { sql } from '../../db/sql.ts';
import { suspects } from '../doctor/suspects.ts';
import { Allowances, RAISED_MS } from './allowances.ts';
import { addToInbox } from './inbox.table.ts';
import { addLimited, allowanceOf, setFactor } from './peer-allowance.table.ts';

const MINUTE_MS = 60_000;

async function world(t: Parameters<typeof TalkingServers.start>[0], db: Parameters<typeof TalkingServers.start>[1]) {
  const servers = await TalkingServers.start(t, db);
  const { here, there } = servers;
  const shared = await servers.sharedRoom();
  const two = (await here.nids.domains.findOne(db, TWO)) ?? 0;
  /** Events of the server wait for an hour. */
  const wait = (from: number, to: number) =>
    db.tx(async tx => {
      const now = here.clock.now();
      for (let at = from; at < to; at++) {
        const row = { originNid: two, roomNid: shared.room.nid, eventId: `$waits${at}` as EventId, json: '{}' };
        await addToInbox(tx, row, now + 3_600_000);
      }
    });
  const say1 = async (body: string) => servers.send([await say(there, shared.remote, DORA, body)]);
  // Another process has its own.
  return { ...shared, servers, here, there, two, wait, say1, one: new Allowances(here), other: new Allowances(here) };
}

const LIMITED = { errcode: 'M_LIMIT_EXCEEDED', fields: { retry_after_ms: 30_000 } };

onEachDatabase('a server that shares rooms may send more, and more again once that is raised', async (db, t) => {
  const { here, two, wait, say1, one, other } = await world(t, db);
  assert.equal(await one.events(two), 1050);
  await wait(0, 1049);
  await say1('taken');
  await wait(1049, 1050);
  await assert.rejects(say1('put off'), LIMITED);
  await assert.rejects(say1('put off again'), LIMITED);
  here.clock.advance(MINUTE_MS);
  await assert.rejects(say1('and again'), LIMITED);
  assert.equal((await allowanceOf(db, two))?.limited, 3);
  assert.equal(await other.factor(two), 1, 'no insisting raises it');
  assert.deepEqual(await suspects(here), [TWO], 'the watch looks at it');
  assert.equal(await one.raise(two), 2);
  assert.equal(await other.events(two), 2100, 'every process knows');
  await say1('taken now');
  here.clock.advance(RAISED_MS);
  assert.equal(await other.factor(two), 1, 'it falls back');
  await assert.rejects(say1('put off as before'), LIMITED);
});

onEachDatabase('a limit is raised to a bound, and for no more servers than so many', async (db, t) => {
  const { here, two, one } = await world(t, db);
  await one.limited(two);
  for (const factor of [2, 4, 8, 8]) assert.equal(await one.raise(two), factor);
  assert.equal(await one.events(two), 8000);
  assert.equal(await one.hindrance(two), 'they are as high as they may be');
  here.clock.advance(RAISED_MS + 1);
  await db.tx(async tx => {
    const now = here.clock.now();
    for (let nid = 1000; nid < 1020; nid++) {
      await addLimited(tx, nid, { times: 1, now, pauseMs: 1 });
      await setFactor(tx, nid, 2, now);
    }
  });
  assert.equal(await one.hindrance(two), 'those of 20 servers are raised already');
  assert.equal(await one.raise(two), 1);
});

onEachDatabase('a server that sends what cannot be taken in, or may not be, gets no more', async (db, t) => {
  const { here, two, wait, one, room } = await world(t, db);
  await wait(0, 10);
  await db.tx(tx => tx.run(sql`update inbox set tries = 3 where event_id < '$waits6'`));
  assert.equal(await one.events(two), 1000, 'nothing for the rooms');
  assert.match((await one.hindrance(two)) ?? '', /^most of what waits/);
  await db.tx(tx => tx.run(sql`delete from inbox`));
  assert.equal(await one.hindrance(two), undefined);
  // Emil is not in the room.
  for (let i = 0; i < 3; i++) assert.equal((await receive(here, room, { sender: EMIL })).outcome, 'rejected');
  assert.match((await one.hindrance(two)) ?? '', /^3 of its last \d+ events are against the rules$/);
  assert.equal(await one.raise(two), 1);
});

onEachDatabase('a stranger gets no more, and is forgotten a week later', async (db, t) => {
  const { here, two, one } = await world(t, db);
  const stranger = await db.tx(tx => here.nids.domains.internOne(tx, 'stranger.example' as ServerName));
  await one.limited(stranger);
  assert.equal(await one.events(stranger), 1000);
  assert.equal(await one.hindrance(stranger), 'we are in no room together');
  assert.equal(await one.raise(stranger), 1);
  here.clock.advance(8 * 24 * 60 * MINUTE_MS);
  await one.limited(two);
  assert.equal(await allowanceOf(db, stranger), undefined);
});
