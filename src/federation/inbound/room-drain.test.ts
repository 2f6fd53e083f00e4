import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { TestClock } from '../../../test/support/accounts.ts';
import { eventually } from '../../../test/support/bus.ts';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { DORA, TWO } from '../../../test/support/remote-events.ts';
import { ALICE, bodiesSeen, newRoom, say } from '../../../test/support/rooms.ts';
import { TalkingServers } from '../../../test/support/talking-servers.ts';
import type { EventId, UserId } from '../../core/ids.ts';
import type { Json } from '../../core/json.ts';
import type { Database } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import { join } from '../../rooms/membership.ts';
import { roomHead } from '../../rooms/rooms.table.ts';
import { addToInbox } from './inbox.table.ts';
import { RoomDrain, type RoomDrainParts } from './room-drain.ts';

/** A clock that counts what was to happen later. */
class CountingClock extends TestClock {
  timers = 0;

  override after(ms: number, run: () => void) {
    this.timers++;
    return super.after(ms, run);
  }
}

class Scene {
  readonly clock = new CountingClock();
  readonly servers: TalkingServers;
  readonly drain: RoomDrain;

  constructor(t: TestContext, servers: TalkingServers, parts: Partial<RoomDrainParts['rooms']> = {}) {
    this.servers = servers;
    const { clock } = this;
    this.drain = new RoomDrain({ ...servers.drainParts, rooms: { ...servers.here, clock, ...parts } });
    t.after(() => this.drain[Symbol.asyncDispose]());
  }

  /** Lets time go by in small steps, with some turns of the event loop in each. */
  async pass(ms: number, step: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += step) {
      this.clock.advance(step);
      for (let turn = 0; turn < 10; turn++) await new Promise(resolve => setImmediate(resolve));
    }
  }

  /** Puts an event into the inbox that nobody is told of. */
  async keep(db: Database, roomNid: number, event: { readonly id: EventId; readonly pdu: unknown }): Promise<void> {
    const { here } = this.servers;
    const json = JSON.stringify(event.pdu);
    await db.tx(async tx => {
      const originNid = await here.nids.domains.internOne(tx, TWO);
      await addToInbox(tx, { originNid, roomNid, eventId: event.id, json }, this.clock.now());
    });
  }
}

onEachDatabase('while a room waits for its peer the inbox is left alone, and then all is taken in', async (db, t) => {
  const servers = await TalkingServers.start(t, db);
  const { room, remote } = await servers.sharedRoom();
  const between = await say(servers.there, remote, DORA, 'between');
  const last = await say(servers.there, remote, DORA, 'last');
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Json>();
  servers.instead = path => {
    asked.resolve();
    return path.includes('missing') ? answer.promise : undefined;
  };
  const scene = new Scene(t, servers);
  await scene.keep(db, room.nid, last.event);
  await scene.drain.start();
  await asked.promise;
  const before = scene.clock.timers;
  // What another process was told of: the bus lost it, so it is found by looking.
  const more = await say(servers.there, remote, DORA, 'more');
  await scene.keep(db, room.nid, more.event);
  await scene.pass(61_000, 1000);
  await scene.pass(100, 1);
  assert.ok(scene.clock.timers - before <= 3, `${scene.clock.timers - before} looks in a minute`);
  answer.resolve({ events: [between.event.pdu as Json] });
  await eventually(() => scene.drain.busy === 0);
  assert.deepEqual(await bodiesSeen(servers.here, room, ALICE), ['between', 'last', 'more']);
});

onEachDatabase('N108 a storm of joins of one room holds up nobody in another', async (db, t) => {
  const servers = await TalkingServers.start(t, db);
  const { here, there } = servers;
  const { room, remote } = await servers.sharedRoom();
  const calm = await newRoom(here);
  const scene = new Scene(t, servers);
  const crowd = Array.from({ length: 120 }, (_, at) => `@user${at}:${TWO}` as UserId);
  for (const user of crowd) {
    const id = await join(there, remote, { sender: user });
    const { event } = (await there.events.byId(there.db, id)) ?? assert.fail();
    await scene.keep(db, room.nid, event);
  }
  const joined = async () => (await roomHead(db, room.nid)).joined_count;
  const before = await joined();
  await scene.drain.start();
  for (let at = 0; at < 5; at++) await say(here, calm, ALICE, `calm ${at}`);
  const meanwhile = (await joined()) - before;
  assert.ok(meanwhile < crowd.length / 2, `${meanwhile} of ${crowd.length} had joined before`);
  await eventually(() => scene.drain.busy === 0);
  assert.equal((await joined()) - before, crowd.length);
});

onEachDatabase('a room that cannot be drained rests between two turns', async (db, t) => {
  const servers = await TalkingServers.start(t, db);
  const { room, remote } = await servers.sharedRoom();
  const said = await say(servers.there, remote, DORA, 'said');
  let failures = 0;
  const log = { ...servers.here.log, error: () => void failures++ };
  const scene = new Scene(t, servers, { log });
  await scene.keep(db, room.nid, said.event);
  await db.tx(tx => tx.run(sql`update inbox set json = '{' where room_nid = ${room.nid}`));
  await scene.drain.start();
  for (let turn = 1; turn <= 4; turn++) {
    await eventually(() => failures >= turn);
    await scene.pass(4000, 1000);
    assert.equal(failures, turn, 'not again at once');
    scene.clock.advance(1000);
  }
});

const EVE = `@eve:${TWO}` as UserId;
const YEAR_MS = 365 * 24 * 3_600_000;

onEachDatabase('what came while the clock was a year ahead is taken in when it is right again', async (db, t) => {
  const servers = await TalkingServers.start(t, db);
  const { room, remote } = await servers.sharedRoom();
  const { event } = await say(servers.there, remote, DORA, 'from the future');
  const scene = new Scene(t, servers);
  scene.clock.aheadMs = YEAR_MS;
  await scene.keep(db, room.nid, event);
  scene.clock.aheadMs = 0;
  await scene.drain.start();
  await eventually(() => scene.drain.busy === 0);
  assert.deepEqual(await bodiesSeen(servers.here, room, ALICE), ['from the future']);
});

onEachDatabase('what came while the clock was a year behind is not given up when it is set right', async (db, t) => {
  const servers = await TalkingServers.start(t, db);
  const { room, remote } = await servers.sharedRoom();
  await say(servers.there, remote, DORA, 'that cannot be had yet');
  const { event } = await say(servers.there, remote, DORA, 'from the past');
  servers.instead = path => (path.includes('missing') ? Promise.reject(new Error('not now')) : undefined);
  const scene = new Scene(t, servers);
  scene.clock.aheadMs = -YEAR_MS;
  await scene.keep(db, room.nid, event);
  scene.clock.aheadMs = 0;
  await scene.drain.start();
  const waiting = () => db.get<{ due: number | null; tries: number }>(sql`select due, tries from inbox`);
  await eventually(async () => (await waiting())?.tries === 1);
  assert.notEqual((await waiting())?.due, null);
});

onEachDatabase('what authorises an event that comes, and waits itself, is tried first', async (db, t) => {
  const servers = await TalkingServers.start(t, db);
  const { here, there } = servers;
  const { room, remote } = await servers.sharedRoom();
  const scene = new Scene(t, servers);
  const joinId = await join(there, remote, { sender: EVE });
  const joined = (await there.events.byId(there.db, joinId)) ?? assert.fail();
  await scene.keep(db, room.nid, joined.event);
  await db.tx(tx => tx.run(sql`update inbox set due = ${scene.clock.now() + 3_000_000}, reason = 'her server is off'`));
  const { event } = await say(there, remote, EVE, 'here again');
  servers.instead = () => Promise.reject(new Error('nobody has to be asked'));
  await scene.keep(db, room.nid, event);
  await scene.drain.start();
  await eventually(() => scene.drain.busy === 0);
  assert.deepEqual(await bodiesSeen(here, room, ALICE), ['here again']);
  assert.equal(await db.get(sql`select nid from inbox`), undefined);
});
