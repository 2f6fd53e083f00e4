/** Delayed events of several processes over one database; the endpoints have tests of their own. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { TestClock } from '../../test/support/accounts.ts';
import { onEachDatabase } from '../../test/support/databases.ts';
import { heard, type JoinedBus, twoBuses } from '../../test/support/joined-buses.ts';
import { ALICE, newRoom, roomsOn, SERVER, viewOf } from '../../test/support/rooms.ts';
import type { Database } from '../db/database.ts';
import { claimDelayed, delayedById } from './delayed-events.table.ts';
import { DelayedEvents } from './delayed-events.ts';
import type { Room } from './room.ts';
import { LOG_EVENT, logBetween, logHeads } from './room-log.table.ts';

class Cluster {
  readonly clock = new TestClock();
  readonly db: Database;
  readonly buses: readonly [JoinedBus, JoinedBus] = twoBuses();
  readonly here: DelayedEvents;
  readonly there: DelayedEvents;
  /** What sending waits for, at either process. */
  gate: Promise<void> = Promise.resolve();
  /** How often an event was about to be sent, at either. */
  attempts = 0;
  readonly #rooms;
  #room: Promise<Room> | undefined;

  constructor(db: Database, t: TestContext) {
    this.db = db;
    this.#rooms = this.buses.map(bus => ({ ...roomsOn(db, SERVER, bus), clock: this.clock }));
    const [here, there] = this.#rooms.map(rooms => new DelayedEvents(rooms, () => this.#pass()));
    assert.ok(here !== undefined && there !== undefined);
    [this.here, this.there] = [here, there];
    for (const delayed of [here, there]) t.after(() => delayed[Symbol.asyncDispose]());
  }

  async #pass(): Promise<boolean> {
    this.attempts++;
    await this.gate;
    return true;
  }

  start(): void {
    for (const delayed of [this.here, this.there]) delayed.start();
  }

  async schedule(delayed: DelayedEvents, delay: number, stateKey?: string): Promise<string> {
    const rooms = this.#rooms[0];
    assert.ok(rooms !== undefined);
    this.#room ??= newRoom(rooms);
    const room = await this.#room;
    const { userNid } = await viewOf(rooms, ALICE);
    const draft = { userNid, type: 'com.example.call', content: { n: 1 }, delay, stateKey };
    const id = await delayed.schedule(room, draft, undefined);
    await heard();
    return id;
  }

  async pass(ms: number): Promise<void> {
    await this.idle();
    this.clock.advance(ms);
    await this.idle();
  }

  async idle(): Promise<void> {
    for (const delayed of [this.here, this.there]) await delayed.idle();
    await heard();
  }

  /** How many events of the kind that is delayed are in the rooms. */
  async sent(): Promise<number> {
    const { db } = this;
    const entries = await Promise.all((await logHeads(db)).map((head, shard) => logBetween(db, shard, 0, head, 1000)));
    const nids = entries.flat().flatMap(entry => (entry.kind === LOG_EVENT ? [entry.ref] : []));
    const events = await roomsOn(db).events.byNids(db, nids);
    return [...events.values()].filter(({ event }) => event.type === 'com.example.call').length;
  }
}

onEachDatabase('an event that all processes know to be due is sent once', async (db, t) => {
  const cluster = new Cluster(db, t);
  cluster.start();
  await cluster.schedule(cluster.here, 1000);
  await cluster.schedule(cluster.there, 1000, 'state');
  const gate = Promise.withResolvers<void>();
  cluster.gate = gate.promise;
  await cluster.idle();
  cluster.clock.advance(1000);
  // Each process has one under way, and none has sent it yet.
  while (cluster.attempts < 2) await heard();
  for (let look = 0; look < 50; look++) await heard();
  gate.resolve();
  await cluster.pass(0);
  await cluster.pass(1000);
  assert.equal(cluster.attempts, 2);
  assert.equal(await cluster.sent(), 2);
});

onEachDatabase('an event of a process that has ended is sent by another one, in time', async (db, t) => {
  const cluster = new Cluster(db, t);
  cluster.there.start();
  await cluster.schedule(cluster.here, 1000);
  await cluster.pass(999);
  assert.equal(await cluster.sent(), 0);
  await cluster.pass(1);
  assert.equal(await cluster.sent(), 1);
});

onEachDatabase('a hint that was lost makes it late by a minute, or not at all when that is noticed', async (db, t) => {
  const cluster = new Cluster(db, t);
  cluster.there.start();
  await cluster.there.idle();
  cluster.buses[1].isCut = true;
  await cluster.schedule(cluster.here, 1000);
  await cluster.pass(1000);
  assert.equal(await cluster.sent(), 0);
  await cluster.pass(59_000);
  assert.equal(await cluster.sent(), 1);
  await cluster.schedule(cluster.here, 1000);
  cluster.buses[1].tellMissed();
  await cluster.pass(0);
  await cluster.pass(1000);
  assert.equal(await cluster.sent(), 2);
});

onEachDatabase('what another process restarted or cancelled is not sent', async (db, t) => {
  const cluster = new Cluster(db, t);
  cluster.here.start();
  const [restarted, cancelled] = [
    await cluster.schedule(cluster.here, 1000),
    await cluster.schedule(cluster.here, 1000),
  ];
  await cluster.pass(600);
  await cluster.there.restart(restarted);
  await cluster.there.cancel(cancelled);
  await cluster.pass(600);
  assert.equal(await cluster.sent(), 0);
  await cluster.pass(400);
  assert.equal(await cluster.sent(), 1);
});

onEachDatabase(
  'what is asked of an event that another process is just sending has its answer afterwards',
  async (db, t) => {
    const cluster = new Cluster(db, t);
    const { here, there, clock } = cluster;
    const gate = Promise.withResolvers<void>();
    cluster.gate = gate.promise;
    const id = await cluster.schedule(here, 100_000);
    const sending = here.send(id);
    while (((await delayedById(db, id))?.due ?? 0) > 0) await heard();
    await assert.rejects(there.restart(id), { errcode: 'M_NOT_FOUND' });
    let isAnswered = false;
    const again = there.send(id).finally(() => {
      isAnswered = true;
    });
    const cancelling = assert.rejects(there.cancel(id), { errcode: 'M_NOT_FOUND' });
    for (let look = 0; look < 20; look++) {
      await heard();
      clock.advance(100);
    }
    assert.equal(isAnswered, false);
    gate.resolve();
    await sending;
    const ticking = setInterval(() => clock.advance(100), 1);
    t.after(() => clearInterval(ticking));
    await Promise.all([again, cancelling]);
    assert.equal(await cluster.sent(), 1);
    assert.equal((await delayedById(db, id))?.outcome, 'send');
  },
);

onEachDatabase('an event over which a process has died is sent by another one a minute later', async (db, t) => {
  const cluster = new Cluster(db, t);
  const id = await cluster.schedule(cluster.here, 1000);
  cluster.clock.advance(1000);
  const row = await delayedById(db, id);
  assert.ok(row !== undefined);
  assert.equal(await db.tx(tx => claimDelayed(tx, row, cluster.clock.now() + 60_000)), true);
  assert.equal(await db.tx(tx => claimDelayed(tx, row, cluster.clock.now() + 60_000)), false);
  cluster.there.start();
  await cluster.pass(59_999);
  assert.equal(await cluster.sent(), 0);
  await cluster.pass(1);
  assert.equal(await cluster.sent(), 1);
});
