import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { HistoryWorld, THREE } from '../../../test/support/history-world.ts';
import { DORA, newest, TWO } from '../../../test/support/remote-events.ts';
import { ALICE, bodiesSeen, say, setState } from '../../../test/support/rooms.ts';
import type { Clock } from '../../base/clock.ts';
import { ingest } from '../../rooms/ingest.ts';
import { leave } from '../../rooms/membership.ts';
import type { Room } from '../../rooms/room.ts';
import { recordFailure } from '../outbound/destination.table.ts';
import { UnreachableError } from '../transport/errors.ts';
import { probeHeads } from './head-probe.ts';
import { sayHello } from './hello.ts';
import { ProbeLoop } from './probe-loop.ts';

const numbered = (count: number) => Array.from({ length: count }, (_, at) => `text ${at}`);
const probesOf = ({ servers }: HistoryWorld) => servers.asked.filter(each => each.includes('make_leave'));

async function shared(world: HistoryWorld): Promise<{ room: Room; remote: Room }> {
  const remote = await world.newRoom();
  return { room: await world.enter(remote), remote };
}

onEachDatabase('a lost tail is found and filled by one question', async (db, t) => {
  for (const count of [1, 30, 150]) {
    const world = await HistoryWorld.start(t, db);
    const { room, remote } = await shared(world);
    for (const body of numbered(count)) await say(world.there, remote, DORA, body);
    await setState(world.there, remote, DORA, 'm.room.topic', { topic: 'new' });
    assert.equal(await probeHeads(world.probing, room, TWO), 'behind');
    await world.settled();
    assert.deepEqual(await bodiesSeen(world.here, room, ALICE), numbered(count));
    assert.equal(await probeHeads(world.probing, room, TWO), 'level');
    assert.equal(probesOf(world).length, 2);
    await setState(world.here, room, ALICE, 'm.room.name', { name: 'ours' }).catch(() => undefined);
    await say(world.here, room, ALICE, 'we have more');
    assert.equal(await probeHeads(world.probing, room, TWO), 'level');
  }
});

onEachDatabase('after a start a room is probed that we came into a moment before the end', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  await new ProbeLoop(world.probing).work();
  const { room, remote } = await shared(world);
  await say(world.there, remote, DORA, 'said meanwhile');
  const next = new ProbeLoop(world.probing);
  await next.begin();
  await next.work();
  await world.settled();
  assert.deepEqual(await bodiesSeen(world.here, room, ALICE), ['said meanwhile']);
});

onEachDatabase('a server that does not tell is not asked again for a day, and another is', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const remote = await world.newRoom();
  await world.enterThird(remote);
  const room = await world.enter(remote);
  await setState(world.there, remote, DORA, 'm.room.server_acl', { allow: ['*'], deny: ['one.example'] });
  assert.equal(await probeHeads(world.probing, room, TWO), 'refused');
  world.servers.asked.length = 0;
  const loop = new ProbeLoop(world.probing);
  await loop.work();
  for (let minutes = 0; minutes < 120; minutes++) {
    world.here.clock.advance(60_000);
    await loop.work();
  }
  const servers = new Set(probesOf(world).map(each => each.split(' ')[1]));
  assert.deepEqual([...servers], [THREE]);
  world.here.clock.advance(86_400_000);
  for (let minutes = 0; minutes < 20; minutes++) {
    world.here.clock.advance(60_000);
    await loop.work();
  }
  assert.ok(probesOf(world).some(each => each.split(' ')[1] === TWO));
});

onEachDatabase('a clock that was a year ahead ends no probing for a year', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  await shared(world);
  const loop = new ProbeLoop(world.probing);
  const year = 365 * 86_400_000;
  world.here.clock.advance(year);
  await loop.work();
  world.here.clock.advance(-year);
  world.servers.asked.length = 0;
  await loop.work();
  assert.equal(probesOf(world).length, 1);
});

onEachDatabase('a quiet room is probed less and less often, a lively one every five minutes', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const { room, remote } = await shared(world);
  const loop = new ProbeLoop(world.probing);
  await loop.work();
  assert.deepEqual(probesOf(world), [], 'a room that is new here is not probed at once');
  const minutesOf = async (minutes: number, each: (minute: number) => Promise<unknown> = async () => undefined) => {
    const found: number[] = [];
    for (let minute = 1; minute <= minutes; minute++) {
      world.here.clock.advance(60_000);
      await each(minute);
      world.servers.asked.length = 0;
      await loop.work();
      if (probesOf(world).length > 0) found.push(minute);
    }
    return found;
  };
  const quiet = await minutesOf(400);
  assert.deepEqual(quiet.slice(0, 6), [5, 10, 20, 40, 80, 160]);
  const lively = await minutesOf(300, async minute => {
    await say(world.there, remote, DORA, `${minute}`);
  });
  await world.settled();
  assert.deepEqual(lively.slice(0, 4), [240, 245, 250, 255]);
  assert.equal((await bodiesSeen(world.here, room, ALICE)).length, 300, 'what was not sent was found');
});

onEachDatabase(
  'a server that does not answer is asked again soon; rooms of ours alone are not probed',
  async (db, t) => {
    const world = await HistoryWorld.start(t, db);
    const { room } = await shared(world);
    const loop = new ProbeLoop(world.probing);
    await loop.work();
    world.servers.instead = server => {
      throw new UnreachableError(server, 'connect', 'down');
    };
    for (let minutes = 0; minutes < 10; minutes++) {
      world.here.clock.advance(60_000);
      await loop.work();
    }
    assert.equal(probesOf(world).length, 6);
    await leave(world.here, room, { sender: ALICE });
    world.servers.asked.length = 0;
    world.here.clock.advance(86_400_000);
    await loop.work();
    await loop.work();
    assert.deepEqual(probesOf(world), []);
  },
);

/** A clock that goes on to the next timer at once. */
function hastyClock(): Clock {
  let now = 1_800_000_000_000;
  return {
    now: () => now,
    monotonic: () => now,
    after(ms, run) {
      const at = now + ms;
      const handle = setImmediate(() => {
        now = Math.max(now, at);
        run();
      });
      return { cancel: () => clearImmediate(handle) };
    },
  };
}

onEachDatabase(
  'after the start every server hears of us, and a minute later again, in all the rooms',
  async (db, t) => {
    const world = await HistoryWorld.start(t, db);
    const rooms: Room[] = [];
    for (let n = 0; n < 2; n++) {
      const remote = await world.newRoom();
      const third = await world.enterThird(remote);
      const room = await world.enter(remote);
      const { event } = await newest(world.here, room);
      await world.third.db.tx(tx => ingest(world.third, tx, third, event));
      rooms.push(room);
      for (const body of numbered(20)) await say(world.there, remote, DORA, body);
    }
    const clock = hastyClock();
    const started = clock.now();
    const probing = { ...world.probing, rooms: { ...world.here, clock } };
    await sayHello(probing, new AbortController().signal);
    await world.settled();
    assert.ok(clock.now() - started > 61_000);
    const asked = probesOf(world).map(each => each.split(' ')[1]);
    assert.deepEqual(asked.toSorted(), [THREE, THREE, TWO, TWO]);
    for (const room of rooms) assert.deepEqual(await bodiesSeen(world.here, room, ALICE), numbered(20));
  },
);

onEachDatabase('who does not hear the first hello hears the second, and who is long gone hears one', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const remote = await world.newRoom();
  const third = await world.enterThird(remote);
  const room = await world.enter(remote);
  const { event } = await newest(world.here, room);
  await world.third.db.tx(tx => ingest(world.third, tx, third, event));
  const clock = hastyClock();
  await db.tx(async tx => {
    const domainNid = await world.here.nids.domains.internOne(tx, THREE);
    const now = clock.now() - 25 * 3_600_000;
    await recordFailure(tx, domainNid, { now, retryAt: now, reason: 'it is off' });
  });
  world.servers.instead = (server, { path }) => {
    if (path.includes('make_leave') && probesOf(world).length === 1)
      throw new UnreachableError(server, 'connect', 'lost');
    return undefined;
  };
  await sayHello({ ...world.probing, rooms: { ...world.here, clock } }, new AbortController().signal);
  await world.settled();
  assert.deepEqual(
    probesOf(world).map(each => each.split(' ')[1]),
    [TWO, TWO, THREE],
  );
});
