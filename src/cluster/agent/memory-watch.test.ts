import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestClock } from '../../../test/support/accounts.ts';
import { silentLog } from '../../base/log.ts';
import type { BoardProcess } from '../boards/board.ts';
import { MemoryWatch } from './memory-watch.ts';

const MIB = 2 ** 20;

/** A board of 1000 bytes. */
class World {
  readonly clock = new TestClock();
  readonly restarted: string[] = [];
  readonly errors: string[] = [];
  processes: BoardProcess[] = [this.process('b1-client-1', 200), this.process('b1-sync-1', 300)];
  used = 500;
  readonly watch = new MemoryWatch({
    clock: this.clock,
    log: { ...silentLog, error: text => this.errors.push(text) },
    read: () => ({ total: 1000, used: this.used }),
    supervisor: {
      told: () => this.processes,
      isServer: name => !name.includes('nginx'),
      restart: async name => this.restarted.push(name) > 0,
    },
  });

  process(name: string, mib: number, state: BoardProcess['state'] = 'ready'): BoardProcess {
    return { name, state, since: 0, restarts: 0, memory: mib * MIB, pid: 1 };
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1000) {
      this.clock.advance(1000);
      await this.watch.look();
    }
  }
}

test('below nine tenths nothing is done', async () => {
  const world = new World();
  world.used = 899;
  await world.pass(600_000);
  assert.deepEqual(world.restarted, []);
});

test('when it stays critical for ten seconds the largest is started anew, and another a minute later', async () => {
  const world = new World();
  world.used = 900;
  await world.pass(10_000);
  assert.deepEqual(world.restarted, []);
  await world.pass(1000);
  assert.deepEqual(world.restarted, ['b1-sync-1']);
  world.processes = [world.process('b1-client-1', 200), world.process('b1-sync-1', 100)];
  await world.pass(59_000);
  assert.equal(world.restarted.length, 1);
  await world.pass(1000);
  assert.deepEqual(world.restarted, ['b1-sync-1', 'b1-client-1']);
});

test('a peak that passes costs nothing', async () => {
  const world = new World();
  for (let n = 0; n < 20; n++) {
    world.used = 950;
    await world.pass(9000);
    world.used = 800;
    await world.pass(1000);
  }
  assert.deepEqual(world.restarted, []);
});

test('the last one that serves is left alone, and that is said once', async () => {
  const world = new World();
  world.used = 990;
  world.processes = [world.process('b1-all-1', 900), world.process('b1-sync-1', 10, 'failed')];
  await world.pass(600_000);
  assert.deepEqual(world.restarted, []);
  assert.deepEqual(world.errors, ["99 % of this board's memory are used, and there is nothing to restart."]);
});

test('what stands in front is neither restarted nor counted as another one that serves', async () => {
  const world = new World();
  world.used = 950;
  world.processes = [world.process('b1-all-1', 200), world.process('b1-nginx-1', 300)];
  await world.pass(60_000);
  assert.deepEqual(world.restarted, []);
  world.processes = [...world.processes, world.process('b1-sync-1', 100)];
  await world.pass(1000);
  assert.deepEqual(world.restarted, ['b1-all-1']);
});

test('while one comes or goes no other is touched', async () => {
  const world = new World();
  world.used = 950;
  for (const state of ['draining', 'starting'] as const) {
    world.processes = [...world.processes.slice(0, 2), world.process('b1-push-1', 50, state)];
    await world.pass(60_000);
  }
  assert.deepEqual(world.restarted, []);
  world.processes = world.processes.slice(0, 2);
  await world.pass(1000);
  assert.deepEqual(world.restarted, ['b1-sync-1']);
});
