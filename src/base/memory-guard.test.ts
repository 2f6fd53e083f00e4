import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestClock } from '../../test/support/accounts.ts';
import { MemoryAdmission } from './admission.ts';
import { Budget } from './budget.ts';
import { BudgetFullError } from './budget-account.ts';
import { ByteCache } from './byte-cache.ts';
import { type LogFields, silentLog } from './log.ts';
import { MemoryGuard, type MemoryLevel } from './memory-guard.ts';

const never = new AbortController().signal;
const MIB = 2 ** 20;

/** A process with 100 MiB, of which a test says how much is used and how much of that is garbage. */
class World {
  readonly clock = new TestClock();
  readonly budget = new Budget(40 * MIB);
  readonly levels: MemoryLevel[] = [];
  readonly warnings: string[] = [];
  readonly facts: LogFields[] = [];
  used = 0;
  garbage = 0;
  /** Part of `garbage` needs no collecting. */
  freed = 0;
  collections = 0;
  hopeless = 0;
  readonly guard = new MemoryGuard({
    clock: this.clock,
    budget: this.budget,
    program: 0,
    log: {
      ...silentLog,
      warn: (text, facts = {}) => {
        this.warnings.push(text);
        this.facts.push(facts);
      },
    },
    read: () => [
      { of: 'process', used: this.used + this.garbage, limit: 100 },
      { of: 'cgroup', used: 1, limit: 100 },
    ],
    collect: () => {
      this.collections++;
      this.garbage = 0;
    },
    giveBack: () => {
      this.garbage -= this.freed;
      this.freed = 0;
    },
    onHopeless: () => this.hopeless++,
  });

  constructor() {
    this.guard.onChange(level => this.levels.push(level));
    this.guard.start();
  }

  use(used: number, garbage = 0): MemoryLevel {
    this.used = used;
    this.garbage = garbage;
    this.guard.check();
    return this.guard.level;
  }
}

test('levels begin at 70, 80 and 90 percent and do not flutter', () => {
  const world = new World();
  assert.deepEqual(
    [69, 70, 67, 65, 79, 80, 77, 75, 95, 88, 85, 70, 20].map(used => world.use(used)),
    [
      'calm',
      'tight',
      'tight',
      'calm',
      'tight',
      'short',
      'short',
      'tight',
      'critical',
      'critical',
      'short',
      'tight',
      'calm',
    ],
  );
  assert.match(world.warnings[0] ?? '', /^Memory: 70 % are used, no new initial syncs .*`memory`/);
});

test('of little memory the program alone may take 70 percent', () => {
  const guard = (program: number, limit: number, used: number) => {
    const { clock, budget } = new World();
    const read = () => [{ of: 'process', used, limit }];
    return new MemoryGuard({
      clock,
      budget,
      program,
      log: silentLog,
      read,
      collect() {},
      giveBack() {},
      onHopeless() {},
    });
  };
  const level = (limit: number, used: number) => {
    using watch = guard(96, limit, used);
    watch.check();
    return watch.level;
  };
  assert.deepEqual(
    [96, 111, 112, 118, 123].map(used => level(128, used)),
    ['calm', 'calm', 'tight', 'short', 'critical'],
  );
  assert.deepEqual(
    [179, 180, 205, 231].map(used => level(256, used)),
    ['calm', 'tight', 'short', 'critical'],
  );
  assert.deepEqual([level(512, 358), level(512, 359)], ['calm', 'tight'], 'of much it is 70 percent of all');
});

test('what is said of a level has the level of the entry beside it', () => {
  const world = new World();
  world.use(85);
  assert.deepEqual(world.facts, [{ memory: 'short', of: 'process', used: 85, limit: 100 }]);
});

test('garbage does not count, and collecting it is tried less and less often while it brings nothing', () => {
  const world = new World();
  assert.equal(world.use(40, 45), 'calm');
  assert.equal(world.collections, 1);
  assert.equal(world.use(40, 45), 'short', 'too soon to collect again');
  world.clock.advance(5000);
  assert.equal(world.use(75), 'tight');
  assert.equal(world.collections, 2);
  for (let second = 0; second < 120; second++) world.clock.advance(1000);
  assert.ok(world.collections <= 8, `${world.collections} collections in two minutes`);
});

test('what came after a collection in vain is collected soon, however long nothing was', () => {
  const world = new World();
  world.use(72);
  for (let second = 0; second < 60; second++) world.clock.advance(1000);
  assert.equal(world.guard.level, 'tight');
  const before = world.collections;
  assert.equal(world.use(60, 16), 'calm');
  assert.equal(world.collections, before + 1);
});

test('what was freed is given back when much has come, long before memory is tight', () => {
  const world = new World();
  world.use(30);
  world.freed = 2;
  world.use(30, 2);
  assert.equal(world.freed, 2, 'it is not worth it yet');
  world.use(30, 4);
  assert.deepEqual([world.freed, world.garbage, world.collections], [0, 2, 0]);
});

test('the timer sees what nobody asked for, and more often when it gets tight', () => {
  const world = new World();
  world.used = 95;
  world.clock.advance(1000);
  assert.equal(world.guard.level, 'critical');
  world.used = 10;
  world.clock.advance(200);
  assert.equal(world.guard.level, 'calm');
  world.guard[Symbol.dispose]();
  world.used = 95;
  world.clock.advance(10_000);
  assert.equal(world.guard.level, 'calm');
});

test('caches are halved while memory is short, and come back', () => {
  const world = new World();
  const cache = new ByteCache<number>({ name: 'a', budget: world.budget, weight: 1, sizeOf: () => 2 ** 20 - 200 });
  const fill = () => {
    for (let n = 0; n < 100; n++) cache.set(String(n), n);
    return Math.round(cache.bytes / MIB);
  };
  assert.equal(fill(), 20);
  world.use(85);
  assert.equal(Math.round(cache.bytes / MIB), 10);
  world.use(85);
  assert.equal(fill(), 10, 'it takes a moment to see whether it helps');
  world.clock.advance(5000);
  world.use(85);
  assert.equal(fill(), 5);
  world.use(72);
  world.clock.advance(10_000);
  assert.equal(fill(), 5, 'not before there is room');
  world.use(20);
  assert.equal(fill(), 10);
  world.clock.advance(5000);
  world.use(20);
  assert.equal(fill(), 20);
});

test('critical for half a minute is hopeless', () => {
  const world = new World();
  world.use(95);
  world.clock.advance(29_000);
  assert.equal(world.hopeless, 0);
  world.clock.advance(2000);
  assert.equal(world.hopeless, 1);
  world.use(10);
  world.clock.advance(60_000);
  world.use(95);
  assert.equal(world.hopeless, 1);
});

function admissionOf(world: World): MemoryAdmission {
  return new MemoryAdmission({ budget: world.budget, guard: world.guard, clock: world.clock });
}

test('work is admitted up to its part of the budget, then waits in line, then is refused', async () => {
  const world = new World();
  const admission = admissionOf(world);
  const first = await admission.admit('initial_sync', 6 * MIB, never);
  const reasons: string[] = [];
  const second = admission.admit('initial_sync', 6 * MIB, never, reason => reasons.push(reason));
  const third = admission.admit('initial_sync', MIB, never);
  const answer = await admission.admit('answer', 6 * MIB, never);
  first[Symbol.dispose]();
  assert.equal((await second).bytes, 6 * MIB);
  assert.equal((await third).bytes, MIB);
  assert.match(reasons.join(), /others of its kind/);
  const late = admission.admit('initial_sync', 6 * MIB, never);
  world.clock.advance(10_000);
  await assert.rejects(late, (error: unknown) => error instanceof BudgetFullError && error.retryAfterMs === 2000);
  answer[Symbol.dispose]();
});

test('tight: initial syncs are refused, joins wait and say why, the rest goes on', async () => {
  const world = new World();
  const admission = admissionOf(world);
  world.use(72);
  await assert.rejects(
    admission.admit('initial_sync', 1, never),
    (error: unknown) => error instanceof BudgetFullError && error.retryAfterMs === 10_000,
  );
  const reasons: string[] = [];
  let isIn = false;
  const join = admission.admit('join', MIB, never, reason => reasons.push(reason));
  join.then(() => (isIn = true));
  (await admission.admit('answer', 1, never))[Symbol.dispose]();
  world.clock.advance(600_000);
  await Promise.resolve();
  assert.equal(isIn, false);
  world.use(30);
  assert.equal((await join).bytes, MIB);
  assert.deepEqual(reasons, ['72 % of the memory are used']);
});

test('a join that is given up while it waits holds nothing', async () => {
  const world = new World();
  const admission = admissionOf(world);
  world.use(72);
  const gone = new AbortController();
  const join = admission.admit('join', MIB, gone.signal);
  gone.abort();
  await assert.rejects(join, BudgetFullError);
  await assert.rejects(admission.admit('join', MIB, gone.signal), BudgetFullError);
  world.use(30);
  assert.equal(world.budget.usage().find(({ name }) => name === 'join')?.bytes, 0);
});

test('critical: whatever needs much is refused', async () => {
  const world = new World();
  const admission = admissionOf(world);
  world.use(93);
  for (const work of ['initial_sync', 'answer'] as const)
    await assert.rejects(admission.admit(work, 1, never), BudgetFullError);
});
