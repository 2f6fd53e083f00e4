import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestClock } from '../../../test/support/accounts.ts';
import { silentLog } from '../../base/log.ts';
import type { HealthPlace, Launch } from './launch.ts';
import type { ProcessHost, Sighting } from './process-host.ts';
import { Supervisor } from './supervisor.ts';
import type { Health } from './watched-process.ts';

/** A host whose processes do what a test says. */
class ScriptedHost implements ProcessHost {
  readonly kind = 'child';
  readonly done: string[] = [];
  readonly seen = new Map<string, Sighting>();
  refuses = '';
  #pid = 100;

  async look(): Promise<ReadonlyMap<string, Sighting>> {
    return this.seen;
  }

  async start({ name, words }: Launch): Promise<void> {
    if (this.refuses === name) throw new Error('spawn nginx ENOENT');
    this.done.push(`start ${name}`);
    this.seen.set(name, { state: 'running', pid: ++this.#pid, words });
  }

  async end(name: string, isForced: boolean): Promise<void> {
    this.done.push(`${isForced ? 'kill' : 'end'} ${name}`);
  }

  forget(name: string): void {
    this.done.push(`forget ${name}`);
    this.seen.delete(name);
  }

  /** A process ends, by itself or because it was told to. */
  ends(name: string, code = 0): void {
    const words = this.seen.get(name)?.words ?? [];
    this.seen.set(name, { state: 'ended', pid: undefined, words, end: `It ended with code ${code}.`, code });
  }
}

function world() {
  const clock = new TestClock();
  const host = new ScriptedHost();
  const health = new Map<number, Health>();
  const asked: number[] = [];
  const askHealth = async (at: HealthPlace) => {
    const port = 'port' in at ? at.port : 0;
    asked.push(port);
    return health.get(port) ?? 'silent';
  };
  const supervisor = new Supervisor({ host, clock, log: silentLog, askHealth, memoryOf: pid => pid * 1000 });
  return { clock, host, health, asked, supervisor };
}

function launchAt(port: number, memory = 256): Launch {
  const words = ['role', 'sync', '--port', String(port), '--memory', String(memory)];
  return { name: `b1-sync-${port}`, words, health: { host: '10.0.0.1', port } };
}

/** Answers to questions after health come between two looks. */
async function look({ supervisor, clock }: ReturnType<typeof world>, ms = 250): Promise<void> {
  clock.advance(ms);
  await supervisor.look();
  await new Promise(resolve => setImmediate(resolve));
}

test('what is wanted is started, asked for its health, and reported', async () => {
  const w = world();
  w.supervisor.want([launchAt(1), launchAt(2)]);
  w.health.set(2, 'good');
  await look(w);
  await look(w);
  await look(w);
  assert.deepEqual(w.host.done, ['start b1-sync-1', 'start b1-sync-2']);
  assert.deepEqual(
    w.supervisor.told().map(({ name, state, memory }) => [name, state, memory]),
    [
      ['b1-sync-1', 'starting', 101_000],
      ['b1-sync-2', 'ready', 102_000],
    ],
  );
  assert.deepEqual(w.asked, [1, 2, 1], 'one that is ready is asked every two seconds');
  w.supervisor.want([launchAt(1), { ...launchAt(2), health: { pidFile: '/run/x' } }]);
  assert.deepEqual(
    ['b1-sync-1', 'b1-sync-2', 'b1-sync-3'].map(name => w.supervisor.isServer(name)),
    [true, false, false],
  );
});

test('what is not wanted ends, and is gone from the report when it has', async () => {
  const w = world();
  w.supervisor.want([launchAt(1)]);
  await look(w);
  w.supervisor.want([]);
  await look(w);
  assert.deepEqual(
    w.supervisor.told().map(({ state }) => state),
    ['draining'],
  );
  w.host.ends('b1-sync-1');
  await look(w);
  assert.deepEqual(w.host.done, ['start b1-sync-1', 'end b1-sync-1', 'forget b1-sync-1']);
  assert.equal(w.supervisor.isIdle, true);
});

test('what runs from before is not started again, and what of it is not wanted ends', async () => {
  const w = world();
  const launch = launchAt(1);
  w.host.seen.set(launch.name, { state: 'running', pid: 7, words: launch.words });
  w.host.seen.set('b1-old-1', { state: 'running', pid: 8, words: ['role', 'push'] });
  w.supervisor.want([launch]);
  await look(w);
  assert.deepEqual(w.host.done, ['end b1-old-1']);
});

test('what runs from before is left alone until it is known what is wanted', async () => {
  const w = world();
  w.host.seen.set('b1-old-1', { state: 'running', pid: 8, words: ['role', 'push'] });
  await look(w);
  assert.deepEqual(w.host.done, []);
  w.supervisor.want([]);
  await look(w);
  assert.deepEqual(w.host.done, ['end b1-old-1']);
});

test('of several with new words one after the other is started anew, while the others serve', async () => {
  const w = world();
  for (const port of [1, 2]) w.health.set(port, 'good');
  w.supervisor.want([launchAt(1), launchAt(2)]);
  for (let n = 0; n < 3; n++) await look(w);
  w.host.done.length = 0;
  w.supervisor.want([launchAt(1, 512), launchAt(2, 512)]);
  for (let n = 0; n < 3; n++) await look(w);
  assert.deepEqual(w.host.done, ['end b1-sync-1']);
  w.host.ends('b1-sync-1');
  for (let n = 0; n < 3; n++) await look(w);
  assert.deepEqual(w.host.done, ['end b1-sync-1', 'start b1-sync-1', 'end b1-sync-2']);
});

test('one that was started with new words before it was ever ready does not wait for the others', async () => {
  const w = world();
  w.supervisor.want([launchAt(1), launchAt(2)]);
  await look(w);
  w.supervisor.want([launchAt(1, 512), launchAt(2)]);
  await look(w);
  assert.deepEqual(w.host.done.slice(2), ['end b1-sync-1']);
});

test('one that cannot be started at all is reported with the reason and holds up nobody', async () => {
  const w = world();
  w.host.refuses = 'b1-sync-1';
  w.supervisor.want([launchAt(1), launchAt(2)]);
  await look(w);
  await look(w);
  const [failed, other] = w.supervisor.told();
  assert.deepEqual([failed?.state, failed?.reason, other?.pid], ['failed', 'spawn nginx ENOENT', 101]);
});

test('a process is started anew for a reason, once', async () => {
  const w = world();
  w.health.set(1, 'good');
  w.supervisor.want([launchAt(1)]);
  for (let n = 0; n < 3; n++) await look(w);
  assert.equal(await w.supervisor.restart('b1-sync-1', 'The board has no memory left.'), true);
  assert.equal(await w.supervisor.restart('b1-sync-1', 'The board has no memory left.'), false);
  assert.equal(await w.supervisor.restart('b1-sync-9', 'There is none.'), false);
  assert.deepEqual(
    w.supervisor.told().map(({ state, reason }) => [state, reason]),
    [['draining', 'The board has no memory left.']],
  );
  w.host.ends('b1-sync-1');
  await look(w);
  assert.deepEqual(w.host.done, ['start b1-sync-1', 'end b1-sync-1', 'start b1-sync-1']);
});

test('a process that does not answer is asked once at a time', async () => {
  const w = world();
  const silent = new Supervisor({
    ...{ host: w.host, clock: w.clock, log: silentLog, memoryOf: () => undefined },
    askHealth: at => {
      w.asked.push('port' in at ? at.port : 0);
      return new Promise(() => undefined);
    },
  });
  silent.want([launchAt(1)]);
  for (let n = 0; n < 5; n++) await silent.look();
  assert.deepEqual(w.asked, [1]);
});
