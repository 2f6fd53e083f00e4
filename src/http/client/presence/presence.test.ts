import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { TestClock } from '../../../../test/support/accounts.ts';
import { eventually } from '../../../../test/support/bus.ts';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { refusal, TestApi } from '../../../../test/support/http.ts';
import { heard, type JoinedBus, twoBuses } from '../../../../test/support/joined-buses.ts';
import { DORA, joinFrom } from '../../../../test/support/remote-events.ts';
import { ALICE, BOB, CAROL, joinAll, newRoom, roomsOn, SERVER, say } from '../../../../test/support/rooms.ts';
import { quietSources, type SyncAnswer } from '../../../../test/support/sync.ts';
import { silentLog } from '../../../base/log.ts';
import { systemRandom } from '../../../base/random.ts';
import type { UserId } from '../../../core/ids.ts';
import type { Json, JsonObject } from '../../../core/json.ts';
import type { Database } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { EventStream } from '../../../sync/event-stream.ts';
import { LogView } from '../../../sync/log-view.ts';
import { Notifier } from '../../../sync/notifier.ts';
import { followActivity } from '../../../sync/presence/activity.ts';
import { findPresence } from '../../../sync/presence/presence.table.ts';
import { Presence } from '../../../sync/presence/presence.ts';
import type { Told } from '../../../sync/presence/told-presence.ts';
import { SlidingSync } from '../../../sync/sliding/sliding-sync.ts';
import { Sync } from '../../../sync/sync.ts';
import { Typing } from '../../../sync/typing.ts';
import { syncRoutes } from '../sync/routes.ts';
import { presenceRoutes } from './routes.ts';

type WithPresence = SyncAnswer & { readonly presence?: { readonly events: { sender: string; content: JsonObject }[] } };

interface WorldOptions {
  readonly enabled?: boolean;
  readonly clock?: TestClock;
  /** Of one process of several. */
  readonly bus?: JoinedBus;
}

/** A server with presence (or without) on a clock that stands still. */
class World {
  readonly clock: TestClock;
  readonly presence: Presence | undefined;
  readonly api: TestApi;
  readonly rooms;

  constructor(db: Database, t: TestContext, { enabled = true, clock = new TestClock(), bus }: WorldOptions = {}) {
    this.clock = clock;
    this.rooms = roomsOn(db, SERVER, bus);
    const common = { ...this.rooms, clock: this.clock, log: silentLog };
    const notifier = new Notifier(common);
    const wake = (users: readonly number[]) => notifier.wakeAround(users);
    this.presence = enabled ? new Presence({ ...common, random: systemRandom, wake }) : undefined;
    const following = this.presence && followActivity(common, this.presence);
    const typing = new Typing({ ...common, random: systemRandom, changed: () => undefined });
    const logs = new LogView({ rooms: common, typing, presence: this.presence });
    const syncing = { rooms: common, logs, sources: quietSources, notifier, typing, presence: this.presence };
    const sync = new Sync(syncing);
    const routes = [
      ...presenceRoutes({ rooms: this.rooms, presence: this.presence }),
      ...syncRoutes({
        sync,
        slidingSync: new SlidingSync(syncing),
        typing,
        rooms: this.rooms,
        eventStream: new EventStream({ sync, rooms: common }),
        storedFilter: async () => ({}),
        budget: common.budget,
      }),
    ];
    this.api = new TestApi(this.rooms, routes, t);
    t.after(() => {
      following?.[Symbol.dispose]();
      logs[Symbol.dispose]();
      notifier[Symbol.dispose]();
    });
  }

  async sync(user: string, since?: string, query = ''): Promise<WithPresence> {
    const from = since === undefined ? '' : `&since=${since}`;
    return (await this.api.ok(this.api.get(user, `/v3/sync?timeout=0${from}${query}`))) as WithPresence;
  }

  async said(user: string, since?: string, query = ''): Promise<[string, Json | undefined][]> {
    const { presence } = await this.sync(user, since, query);
    return (presence?.events ?? []).map(({ sender, content }) => [sender, content.presence] as [string, Json]).sort();
  }

  put(user: string, body: JsonObject, whose = `@${user}:one.example`) {
    return this.api.put(user, `/v3/presence/${whose}/status`, body);
  }

  get(user: string, whose: UserId) {
    return this.api.get(user, `/v3/presence/${whose}/status`);
  }

  of(user: string, whose: UserId): Promise<JsonObject> {
    return this.api.ok(this.get(user, whose));
  }
}

onEachDatabase('those who share a room see who is online, and for how long they did nothing', async (db, t) => {
  const world = new World(db, t);
  await joinAll(world.rooms, await newRoom(world.rooms), [BOB]);
  const { next_batch: since } = await world.sync('bob', undefined, '&set_presence=offline');
  assert.equal((await world.of('bob', BOB)).presence, 'offline');
  await world.sync('alice');
  assert.deepEqual(await world.said('bob', since, '&set_presence=offline'), [[ALICE, 'online']]);
  const { presence, next_batch } = await world.sync('bob', since, '&set_presence=offline');
  const content = { presence: 'online', last_active_ago: 0, currently_active: true };
  assert.deepEqual(presence?.events, [{ type: 'm.presence', sender: ALICE, content }]);
  assert.equal((await world.sync('bob', next_batch, '&set_presence=offline')).presence, undefined);
  world.clock.advance(31_000);
  assert.deepEqual(await world.said('bob', next_batch, '&set_presence=offline'), [[ALICE, 'offline']]);
  assert.deepEqual(await world.of('bob', ALICE), { presence: 'offline', last_active_ago: 31_000 });
  await world.sync('alice', undefined, '&set_presence=unavailable');
  assert.deepEqual(await world.said('bob', next_batch, '&set_presence=offline'), [[ALICE, 'unavailable']]);
});

onEachDatabase('a status is told until it is replaced, and outlives a restart', async (db, t) => {
  const world = new World(db, t);
  await joinAll(world.rooms, await newRoom(world.rooms), [BOB]);
  await world.api.ok(world.put('alice', { presence: 'online', status_msg: 'here' }));
  const { status_msg, presence } = await world.of('bob', ALICE);
  assert.deepEqual([status_msg, presence], ['here', 'online']);
  await world.presence?.[Symbol.asyncDispose]();
  const next = new World(db, t);
  next.clock.advance(60_000);
  assert.deepEqual(await next.of('bob', ALICE), { presence: 'offline', last_active_ago: 60_000, status_msg: 'here' });
  await next.sync('alice');
  assert.equal((await next.of('bob', ALICE)).status_msg, 'here');
  await next.api.ok(next.put('alice', { presence: 'unavailable' }));
  assert.deepEqual(await next.of('bob', ALICE), { presence: 'unavailable', last_active_ago: 0 });
  await next.presence?.[Symbol.asyncDispose]();
});

onEachDatabase('nobody else is told, nor may set it', async (db, t) => {
  const world = new World(db, t);
  await joinAll(world.rooms, await newRoom(world.rooms), [BOB]);
  const { next_batch: since } = await world.sync('carol', undefined, '&set_presence=offline');
  await world.sync('alice');
  assert.deepEqual(await world.said('carol', since, '&set_presence=offline'), []);
  assert.deepEqual(await refusal(world.get('carol', ALICE)), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await refusal(world.get('carol', '@nobody:one.example' as UserId)), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await refusal(world.put('carol', { presence: 'online' }, ALICE)), [403, 'M_FORBIDDEN']);
  for (const body of [{}, { presence: 'busy' }, { presence: 'online', status_msg: 'x'.repeat(1001) }])
    assert.equal((await refusal(world.put('carol', body)))[0], 400);
  assert.equal((await refusal(world.api.get('carol', '/v3/sync?set_presence=busy')))[0], 400);
});

onEachDatabase('who joins sees who is there, and is seen', async (db, t) => {
  const world = new World(db, t);
  const room = await newRoom(world.rooms);
  const { next_batch: alice } = await world.sync('alice');
  const { next_batch: bob } = await world.sync('bob');
  await joinAll(world.rooms, room, [BOB]);
  assert.deepEqual(await world.said('bob', bob), [[ALICE, 'online']]);
  assert.deepEqual(await world.said('alice', alice), [[BOB, 'online']]);
  assert.deepEqual(await world.said('alice'), [
    [ALICE, 'online'],
    [BOB, 'online'],
  ]);
  assert.deepEqual(await world.said('alice', undefined, '&filter={"presence":{"types":[]}}'), []);
  assert.deepEqual(await world.said('alice', undefined, `&filter={"presence":{"not_senders":["${BOB}"]}}`), [
    [ALICE, 'online'],
  ]);
});

onEachDatabase('who does nothing is idle, and sending makes them active again', async (db, t) => {
  const world = new World(db, t);
  const room = await newRoom(world.rooms);
  await joinAll(world.rooms, room, [BOB]);
  const { next_batch: start } = await world.sync('alice');
  for (let minute = 0; minute < 12; minute++) {
    await world.sync('alice', start);
    world.clock.advance(29_000);
  }
  await world.sync('alice', start);
  assert.equal((await world.of('bob', ALICE)).presence, 'unavailable');
  await say(world.rooms, room, ALICE, 'back');
  for (let tries = 0; tries < 6000 && (await world.of('bob', ALICE)).presence !== 'online'; tries++)
    await new Promise(resolve => setTimeout(resolve, 10));
  assert.deepEqual(await world.of('bob', ALICE), { presence: 'online', last_active_ago: 0, currently_active: true });
});

onEachDatabase('a sync that waits is woken, and holds its user online while it waits', async (db, t) => {
  const world = new World(db, t);
  await joinAll(world.rooms, await newRoom(world.rooms), [BOB]);
  const { next_batch: since } = await world.sync('bob');
  const waiting = world.api.get('bob', `/v3/sync?timeout=100000&since=${since}`);
  await eventually(() => world.clock.dueIn.includes(100_000));
  world.clock.advance(45_000);
  assert.equal((await world.of('alice', BOB)).presence, 'online');
  await world.sync('alice');
  world.clock.advance(200);
  const answer = (await world.api.ok(waiting)) as WithPresence;
  assert.ok(answer.presence?.events.some(event => event.sender === ALICE));
});

onEachDatabase('users of other servers are as their server says, until it says nothing any more', async (db, t) => {
  const world = new World(db, t);
  const room = await newRoom(world.rooms);
  await joinFrom(world.rooms, room, DORA);
  const dora = (await world.rooms.nids.users.findOne(db, DORA)) ?? 0;
  const { next_batch: since } = await world.sync('alice', undefined, '&set_presence=offline');
  const hear = (presence: Told['presence'], more: Partial<Told> = {}) => {
    const told = { presence, lastActive: world.clock.now(), statusMsg: undefined, currentlyActive: false, ...more };
    world.presence?.hear(dora, told);
  };
  hear('online', { currentlyActive: true, statusMsg: 'here' });
  assert.deepEqual(await world.said('alice', since, '&set_presence=offline'), [[DORA, 'online']]);
  const content = { presence: 'online', status_msg: 'here', last_active_ago: 0, currently_active: true };
  assert.deepEqual(await world.of('alice', DORA), content);
  world.presence?.acts(dora);
  hear('unavailable');
  world.clock.advance(29 * 60_000);
  assert.equal((await world.of('alice', DORA)).presence, 'unavailable');
  hear('unavailable');
  world.clock.advance(29 * 60_000);
  assert.equal((await world.of('alice', DORA)).presence, 'unavailable');
  const { next_batch: later } = await world.sync('alice', since, '&set_presence=offline');
  world.clock.advance(2 * 60_000);
  assert.deepEqual(await world.said('alice', later, '&set_presence=offline'), [[DORA, 'offline']]);
  await world.presence?.[Symbol.asyncDispose]();
  assert.equal(await findPresence(db, dora), undefined, 'nothing of it is stored');
});

onEachDatabase('after a restart everybody is told anew', async (db, t) => {
  const world = new World(db, t);
  await joinAll(world.rooms, await newRoom(world.rooms), [BOB]);
  await world.sync('alice');
  const { next_batch: since } = await world.sync('bob');
  world.clock.advance(1000);
  const next = new World(db, t, { clock: world.clock });
  await next.sync('alice');
  assert.deepEqual(await next.said('bob', since, '&set_presence=offline'), [[ALICE, 'online']]);
});

onEachDatabase('switched off everybody is offline, and syncs say nothing of it', async (db, t) => {
  const world = new World(db, t, { enabled: false });
  await joinAll(world.rooms, await newRoom(world.rooms), [BOB]);
  await world.api.ok(world.put('alice', { presence: 'online', status_msg: 'here' }));
  assert.deepEqual(await world.of('bob', ALICE), { presence: 'offline' });
  const { presence, next_batch } = await world.sync('bob', undefined, '&set_presence=online');
  assert.equal(presence, undefined);
  assert.equal(next_batch.split('.').length, 19);
  // A token of before it was switched on is good after, and the other way round.
  const on = new World(db, t);
  await on.sync('alice');
  const { next_batch: later, presence: told } = await on.sync('bob', next_batch);
  assert.deepEqual(told?.events.map(event => event.sender).sort(), [ALICE, BOB]);
  assert.equal((await world.sync('bob', later)).presence, undefined);
  assert.deepEqual(await refusal(world.get('carol', CAROL)), [200, undefined]);
});

/** Two processes of one server, and a room of Alice's and Bob's. */
async function twoProcesses(db: Database, t: TestContext) {
  const clock = new TestClock();
  const [busHere, busThere] = twoBuses();
  const [here, there] = [new World(db, t, { clock, bus: busHere }), new World(db, t, { clock, bus: busThere })];
  await joinAll(here.rooms, await newRoom(here.rooms), [BOB]);
  const pass = async (ms: number) => {
    clock.advance(ms);
    await heard();
    await db.get(sql`select 1`);
  };
  return { clock, here, there, busThere, pass };
}

onEachDatabase(
  'who syncs at one process is online at all, and offline when the devices at all are gone',
  async (db, t) => {
    const { here, there, pass } = await twoProcesses(db, t);
    const { next_batch: since } = await there.sync('bob', undefined, '&set_presence=offline');
    await here.sync('alice');
    await pass(0);
    assert.deepEqual(await there.said('bob', since, '&set_presence=offline'), [[ALICE, 'online']]);
    await pass(20_000);
    await there.sync('alice');
    await pass(20_000);
    for (const process of [here, there]) assert.equal((await process.of('bob', ALICE)).presence, 'online');
    await pass(20_000);
    await pass(1);
    for (const process of [here, there]) assert.equal((await process.of('bob', ALICE)).presence, 'offline');
  },
);

onEachDatabase('what users say of themselves, and servers of theirs, is heard by all processes', async (db, t) => {
  const { here, there, clock, pass } = await twoProcesses(db, t);
  await here.put('alice', { presence: 'unavailable', status_msg: 'at lunch' });
  const dora = await here.rooms.db.tx(tx => here.rooms.nids.users.internOne(tx, DORA));
  const told = { lastActive: clock.now(), statusMsg: 'hi', currentlyActive: true };
  here.presence?.hear(dora, { presence: 'online', ...told });
  await pass(0);
  const alice = await there.of('bob', ALICE);
  assert.deepEqual([alice.presence, alice.status_msg], ['unavailable', 'at lunch']);
  assert.deepEqual((await there.presence?.contentOf(dora))?.presence, 'online');
  await here.put('alice', { presence: 'online' });
  await pass(0);
  const later = await there.of('bob', ALICE);
  assert.deepEqual([later.presence, later.status_msg], ['online', undefined]);
});

onEachDatabase('the last word of a device counts, at whichever process it was said', async (db, t) => {
  const { here, there, pass } = await twoProcesses(db, t);
  await here.sync('alice');
  await pass(0);
  await there.put('alice', { presence: 'unavailable', status_msg: 'at lunch' });
  await pass(0);
  for (const process of [here, there]) assert.equal((await process.of('bob', ALICE)).presence, 'unavailable');
  await here.sync('alice', undefined, '&set_presence=online');
  await pass(0);
  for (const process of [here, there]) assert.equal((await process.of('bob', ALICE)).presence, 'online');
});

onEachDatabase('with a token of another process nothing is told again and again', async (db, t) => {
  const { here, there, pass } = await twoProcesses(db, t);
  const quiet = '&set_presence=offline';
  await here.sync('alice');
  await pass(0);
  const { next_batch: first } = await here.sync('bob', undefined, quiet);
  assert.deepEqual(await there.said('bob', first, quiet), []);
  const { next_batch: second } = await there.sync('bob', first, quiet);
  assert.deepEqual(await here.said('bob', second, quiet), []);
  await pass(1000);
  await here.put('alice', { presence: 'unavailable' });
  await pass(0);
  assert.deepEqual(await there.said('bob', second, quiet), [[ALICE, 'unavailable']]);
  assert.deepEqual(await there.said('bob', first, quiet), [[ALICE, 'unavailable']]);
});

onEachDatabase('who is at a process stays online elsewhere as long as it says so, and not for ever', async (db, t) => {
  const { here, there, busThere, pass } = await twoProcesses(db, t);
  const stay = async (seconds: number) => {
    for (let passed = 0; passed < seconds; passed += 10) {
      await here.put('alice', { presence: 'online' });
      await pass(10_000);
    }
  };
  await stay(200);
  assert.equal((await there.of('bob', ALICE)).presence, 'online');
  busThere.isCut = true;
  await stay(120);
  assert.notEqual((await there.of('bob', ALICE)).presence, 'offline');
  await stay(40);
  assert.equal((await there.of('bob', ALICE)).presence, 'offline');
  busThere.isCut = false;
  await stay(60);
  assert.equal((await there.of('bob', ALICE)).presence, 'online');
  await here.presence?.[Symbol.asyncDispose]();
  await pass(0);
  assert.equal((await there.of('bob', ALICE)).presence, 'offline', 'it said good-bye');
  const fresh = new World(db, t, { bus: busThere.another() });
  assert.equal((await fresh.of('bob', ALICE)).presence, 'offline');
});

onEachDatabase('a process that begins asks the others who is there', async (db, t) => {
  const { here, busThere, clock, pass } = await twoProcesses(db, t);
  await here.sync('alice');
  await pass(10_000);
  const fresh = new World(db, t, { clock, bus: busThere.another() });
  await pass(0);
  assert.equal((await fresh.of('bob', ALICE)).presence, 'online');
});
