import assert from 'node:assert/strict';
import { borrowed, onEachDatabase, onPostgres } from '../../test/support/databases.ts';
import { aborted, sleep, systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { LocalBus } from '../bus/bus.ts';
import { type Database, FencedError } from '../db/database.ts';
import { PostgresDatabase } from '../db/postgres.ts';
import { sql } from '../db/sql.ts';
import { LIFE_MS, Member } from './member.ts';

const WORK = Array.from({ length: 16 }, (_, at) => `work-${at}`);

/** Until `isSo`, which beats: what is given away ends in its own time. */
async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await isSo()); tries++) {
    assert.ok(tries < 5000, 'it never came to that');
    await sleep(systemClock, 5);
  }
}

/** Processes on one database, with a time of its own that the tests move. */
class Cluster implements AsyncDisposable {
  readonly #db: Database;
  readonly #opened = new AsyncDisposableStack();
  now = 1_000_000;
  /** How many processes do each piece of work. */
  readonly doing = new Map<string, Set<string>>();
  readonly most = new Map<string, number>();
  /** How often each piece of work was begun. */
  readonly begun = new Map<string, number>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** A process that would do all work. */
  async join(name: string, db: Database = { ...borrowed(this.#db), fence: () => undefined }) {
    const clock = { ...systemClock, monotonic: () => this.now, after: () => ({ cancel: () => undefined }) };
    // Hints are lost here: whoever beats does so because the test says so.
    const bus = new LocalBus(error => assert.fail(error as Error));
    const parts = { db, bus, clock, log: silentLog, name, roles: [], connections: 8, now: () => this.now };
    const member = new Member(parts);
    const stop = new AbortController();
    for (const work of WORK) void member.hold(work, signal => this.#do(work, name, signal), stop.signal);
    await member.start();
    this.#opened.defer(async () => {
      stop.abort();
      await member[Symbol.asyncDispose]();
    });
    return { member, held: () => WORK.filter(work => member.holds(work)) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }

  async #do(work: string, name: string, signal: AbortSignal): Promise<void> {
    const who = this.doing.get(work) ?? new Set();
    this.doing.set(work, who.add(name));
    this.begun.set(work, (this.begun.get(work) ?? 0) + 1);
    this.most.set(work, Math.max(this.most.get(work) ?? 0, who.size));
    await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }));
    who.delete(name);
  }
}

/** Two processes among whom all work is divided. */
async function dividing(cluster: Cluster) {
  const one = await cluster.join('one');
  const two = await cluster.join('two');
  await eventually(async () => {
    await one.member.beat();
    await two.member.beat();
    return one.held().length + two.held().length === WORK.length && two.held().length > 0;
  });
  return [one, two] as const;
}

onEachDatabase('one process does everything', async db => {
  await using cluster = new Cluster(db);
  const { held } = await cluster.join('one');
  assert.deepEqual(held(), WORK);
});

onEachDatabase('work is divided over those that are there, and nothing is done twice', async db => {
  await using cluster = new Cluster(db);
  const [one, two] = await dividing(cluster);
  assert.ok(one.held().length > 0);
  const three = await cluster.join('three');
  const before = two.held();
  await eventually(async () => {
    for (const each of [one, two, three]) await each.member.beat();
    return one.held().length + two.held().length + three.held().length === WORK.length && three.held().length > 0;
  });
  assert.ok(
    two.held().every(work => before.includes(work)),
    'what is not given to the new one stays where it is',
  );
  assert.deepEqual([...new Set(cluster.most.values())], [1]);
});

onEachDatabase('who goes leaves its work to others at once, who is silent after its time', async db => {
  await using cluster = new Cluster(db);
  const one = await cluster.join('one');
  const two = await cluster.join('two');
  const three = await cluster.join('three');
  await two.member[Symbol.asyncDispose]();
  await one.member.beat();
  assert.deepEqual(
    (await one.member.others()).processes.map(each => each.name),
    ['one', 'three'],
  );
  const all = () => one.held().length + three.held().length === WORK.length;
  await eventually(async () => {
    await one.member.beat();
    await three.member.beat();
    return all();
  });
  // From here on the third one says nothing any more.
  cluster.now += LIFE_MS - 1;
  await one.member.beat();
  const left = WORK.filter(work => !one.held().includes(work));
  assert.ok(left.length > 0);
  assert.deepEqual(three.held(), left);
  cluster.now += 1;
  assert.deepEqual(three.held(), [], 'it knows itself that its time is over');
  await eventually(async () => {
    await one.member.beat();
    return one.held().length === WORK.length;
  });
});

onEachDatabase('work ends in time where the database does not answer any more', async db => {
  let isSilent = false;
  const never = () => new Promise<never>(() => undefined);
  const silent: Database = { ...borrowed(db), tx: work => (isSilent ? never() : db.tx(work)) };
  const bus = new LocalBus(error => assert.fail(error as Error));
  const timers: (() => void)[] = [];
  const after = (_: number, run: () => void) => {
    timers.push(run);
    return { cancel: () => undefined };
  };
  const clock = { now: () => 0, monotonic: () => 0, after };
  const member = new Member({ db: silent, bus, clock, log: silentLog, name: 'one', roles: [], connections: 8 });
  const ended = Promise.withResolvers<void>();
  void member.hold('work', async signal => ended.resolve(await aborted(signal)), new AbortController().signal);
  await member.start();
  await eventually(async () => member.holds('work'));
  isSilent = true;
  // The pause before the next beat, and then what waits for that.
  for (const run of timers.splice(0)) run();
  await eventually(async () => timers.length > 0);
  for (const run of timers.splice(0)) run();
  await ended.promise;
  assert.equal(member.holds('work'), false);
});

onEachDatabase('who was held for dead begins a new life', async db => {
  await using cluster = new Cluster(db);
  const one = await cluster.join('one');
  const two = await cluster.join('two');
  const first = two.member.nid;
  cluster.now += LIFE_MS;
  await eventually(async () => {
    await one.member.beat();
    return one.held().length === WORK.length;
  });
  await two.member.beat();
  assert.notEqual(two.member.nid, first);
  await eventually(async () => {
    await one.member.beat();
    await two.member.beat();
    return two.held().length > 0 && one.held().length + two.held().length === WORK.length;
  });
});

onPostgres('what a process writes that was held for dead is refused', async (db, url) => {
  await using second = new PostgresDatabase({ url, connections: 3 });
  await using cluster = new Cluster(db);
  const one = await cluster.join('one');
  const two = await cluster.join('two', second);
  const write = (name: string) =>
    second.tx(tx => tx.run(sql`insert into cluster_lease (name, process_nid, since_ts) values (${name}, 0, 0)`));
  await write('while it lives');
  const gate = Promise.withResolvers<void>();
  const began = Promise.withResolvers<void>();
  const slow = second.tx(async tx => {
    await tx.get(sql`select 1`);
    began.resolve();
    await gate.promise;
    return tx.run(sql`insert into cluster_lease (name, process_nid, since_ts) values ('begun in time', 0, 0)`);
  });
  await began.promise;
  cluster.now += LIFE_MS;
  await one.member.beat();
  const living = async () => (await one.member.others()).processes.map(each => each.name);
  const rows = async () => (await db.all<{ name: string }>(sql`select name from cluster_process`)).map(row => row.name);
  assert.deepEqual(await living(), ['one']);
  assert.deepEqual((await rows()).sort(), ['one', 'two'], 'nothing is taken over while a transaction is under way');
  gate.resolve();
  assert.equal(await slow, 1);
  await one.member.beat();
  assert.deepEqual(await rows(), ['one']);
  await assert.rejects(write('too late'), FencedError);
  assert.equal(await db.get(sql`select 1 from cluster_lease where name = 'too late'`), undefined);
  await two.member.beat();
  await write('in a new life');
});

onPostgres('a process that sleeps in a transaction holds up nobody for long', async (db, url) => {
  await using second = new PostgresDatabase({ url, connections: 2, idleInTransactionMs: 100 });
  await using cluster = new Cluster(db);
  const one = await cluster.join('one');
  await cluster.join('two', second);
  const slept = second.tx(async tx => {
    await tx.get(sql`select 1`);
    await eventually(async () => {
      cluster.now += LIFE_MS;
      await one.member.beat();
      return (await db.get(sql`select 1 from cluster_process where name = 'two'`)) === undefined;
    });
    return tx.run(sql`insert into cluster_lease (name, process_nid, since_ts) values ('too late', 0, 0)`);
  });
  await assert.rejects(slept);
  assert.equal(await db.get(sql`select 1 from cluster_lease where name = 'too late'`), undefined);
});

onEachDatabase('work that stands still begins anew where it is done, and nothing else does', async db => {
  await using cluster = new Cluster(db);
  const [one] = await dividing(cluster);
  const [still, other] = one.held() as [string, string];
  const before = new Map(cluster.begun);
  const again = (work: string) => (cluster.begun.get(work) ?? 0) - (before.get(work) ?? 0);
  one.member.renew(still);
  await eventually(async () => {
    await one.member.beat();
    return again(still) === 1 && one.member.holds(still);
  });
  assert.deepEqual([again(other), one.member.holds(other)], [0, true]);
  assert.deepEqual([...(cluster.doing.get(still) ?? [])], ['one']);
  assert.equal(cluster.most.get(still), 1, 'never twice at a time');
});

onEachDatabase('who was held for dead is remembered until one of its name comes back', async db => {
  await using cluster = new Cluster(db);
  const one = await cluster.join('one');
  await cluster.join('two');
  cluster.now += LIFE_MS - 1;
  await one.member.beat();
  cluster.now += 1;
  await one.member.beat();
  const { holders, departed } = await one.member.workers();
  assert.deepEqual(departed, [{ name: 'two', roles: [], ts: cluster.now }]);
  assert.ok([...holders.values()].every(name => name === 'one'));
  const again = await cluster.join('two');
  assert.deepEqual((await one.member.workers()).departed, []);
  await again.member[Symbol.asyncDispose]();
  assert.deepEqual((await one.member.workers()).departed, [], 'who says goodbye is not missed');
});
