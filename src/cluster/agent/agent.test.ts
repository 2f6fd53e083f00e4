import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { TestClock } from '../../../test/support/accounts.ts';
import { BOARD_FACTS } from '../../../test/support/board-facts.ts';
import { silentLog } from '../../base/log.ts';
import type { Assignment, BoardFacts, BoardOrders, BoardReport } from '../boards/board.ts';
import type { BoardIdentity } from '../joining/board-folder.ts';
import type { HandedSettings } from '../joining/handed-settings.ts';
import { Agent } from './agent.ts';
import { BoardHome } from './board-home.ts';
import type { Answer } from './headquarters.ts';
import type { ProcessHost, Sighting } from './process-host.ts';
import { Supervisor } from './supervisor.ts';

const facts: BoardFacts = { ...BOARD_FACTS, memory: { total: 4e9, used: 1e9 } };
const sync: Assignment = {
  ...{ process: 'b2-sync-1', board: 'b2', part: 'sync', kind: 'role', roles: ['sync', 'initial-sync'] },
  ...{ port: 8100, memory: 268_435_456, isLeaving: false },
};
const all: Assignment = { ...sync, process: 'b1-all-1', board: 'b1', part: 'all', roles: [], port: 8008 };
const orders: BoardOrders = { assignments: [sync], addresses: ['10.0.0.2:8470', '10.0.0.3:8470', '10.0.0.1:8470'] };
const SILENCE: Answer = { kind: 'silence', reason: 'connect ECONNREFUSED' };

/** A board of which a test says what its cluster answers; its processes run and end as they are told. */
class TestBoard {
  readonly clock = new TestClock();
  readonly data: string;
  readonly running = new Map<string, readonly string[]>();
  readonly reports: { readonly report: BoardReport; readonly addresses: readonly string[] }[] = [];
  readonly ending = new AbortController();
  answer: Answer = SILENCE;
  /** What other boards hand on. */
  settings: HandedSettings | undefined;

  constructor(t: TestContext, identity?: { readonly isFounder: boolean; readonly addresses: readonly string[] }) {
    this.data = mkdtempSync(join(tmpdir(), 'copse-board-'));
    t.after(() => rmSync(this.data, { recursive: true }));
    if (identity === undefined) return;
    mkdirSync(join(this.data, 'cluster'));
    this.becomes({ name: 'b2', address: '10.0.0.2:8470', ...identity });
  }

  /** As the join, or the making of a cluster, leaves it. */
  becomes(identity: Pick<BoardIdentity, 'name' | 'address' | 'isFounder' | 'addresses'>): void {
    writeFileSync(this.file('board.json'), JSON.stringify(identity));
    for (const name of ['board.crt', 'board.key', 'ca.crt', 'ca.key']) writeFileSync(this.file(name), 'not looked at');
  }

  file(name: string): string {
    return join(this.data, 'cluster', name);
  }

  /** An agent that runs until `ending` aborts. */
  start(endsProcesses = true): Promise<void> {
    const { clock, data, running } = this;
    const host: ProcessHost = {
      kind: 'child',
      look: async () =>
        new Map([...running].map(([name, words]): [string, Sighting] => [name, { state: 'running', pid: 9, words }])),
      start: async ({ name, words }) => void running.set(name, words),
      end: async name => void running.delete(name),
      forget: () => undefined,
    };
    const parts = { clock, log: silentLog, host, askHealth: async () => 'good' as const, memoryOf: () => 1 };
    const agent = new Agent({
      ...{ clock, log: silentLog, data, home: new BoardHome(data), supervisor: new Supervisor(parts) },
      headquarters: {
        report: async (report, addresses) => {
          this.reports.push({ report, addresses });
          return this.answer;
        },
        settings: async () => this.settings,
      },
      memory: { look: async () => undefined },
      readFacts: () => facts,
      first: async () => ({ ...all, host: '127.0.0.1' }),
    });
    return agent.run(this.ending.signal, endsProcesses);
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 250) {
      this.clock.advance(250);
      await new Promise(resolve => setImmediate(resolve));
    }
  }
}

test('a board reports every two seconds, its own address first, and runs what it is told', async t => {
  const board = new TestBoard(t, { isFounder: false, addresses: ['10.0.0.1:8470'] });
  board.answer = { kind: 'orders', orders };
  const ran = board.start();
  await board.pass(4500);
  assert.deepEqual(
    board.reports.map(({ addresses }) => addresses),
    [['10.0.0.2:8470', '10.0.0.1:8470'], orders.addresses, orders.addresses],
  );
  const words = 'role sync,initial-sync --data DATA --process b2-sync-1 --host 10.0.0.2 --port 8100 --memory 268435456';
  assert.deepEqual([...board.running], [['b2-sync-1', words.replace('DATA', board.data).split(' ')]]);
  const { report } = board.reports.at(-1)!;
  assert.deepEqual(
    [report.facts, report.processes.map(({ name, state, pid }) => [name, state, pid])],
    [facts, [['b2-sync-1', 'ready', 9]]],
  );
  board.ending.abort();
  await board.pass(2000);
  await ran;
  assert.equal(board.running.size, 0, 'what it started ends with it');
});

test('what it was told last is started before anybody answers, and stays while nobody does', async t => {
  const board = new TestBoard(t, { isFounder: false, addresses: ['10.0.0.1:8470'] });
  writeFileSync(board.file('orders.json'), JSON.stringify(orders));
  const ran = board.start(false);
  await board.pass(500);
  assert.deepEqual([...board.running.keys()], ['b2-sync-1']);
  await board.pass(600_000);
  assert.deepEqual([...board.running.keys()], ['b2-sync-1']);
  board.ending.abort();
  await board.pass(2000);
  await ran;
  assert.deepEqual([...board.running.keys()], ['b2-sync-1'], 'those of systemd are left alone');
});

test('orders are written when they are new, and not again', async t => {
  const board = new TestBoard(t, { isFounder: false, addresses: ['10.0.0.1:8470'] });
  board.answer = { kind: 'orders', orders };
  const ran = board.start();
  await board.pass(500);
  const { ino } = statSync(board.file('orders.json'));
  await board.pass(10_000);
  assert.equal(statSync(board.file('orders.json')).ino, ino, 'the same file');
  board.answer = { kind: 'orders', orders: { ...orders, assignments: [] } };
  await board.pass(4000);
  assert.deepEqual(JSON.parse(readFileSync(board.file('orders.json'), 'utf8')).assignments, []);
  assert.equal(board.running.size, 0);
  board.ending.abort();
  await board.pass(2000);
  await ran;
});

test('a board that was removed runs nothing any more', async t => {
  const board = new TestBoard(t, { isFounder: false, addresses: ['10.0.0.1:8470'] });
  writeFileSync(board.file('orders.json'), JSON.stringify(orders));
  board.answer = { kind: 'refused', reason: 'b2 is no board of this cluster any more.' };
  const ran = board.start();
  await board.pass(3000);
  assert.equal(board.running.size, 0);
  board.ending.abort();
  await board.pass(2000);
  await ran;
});

test('where a cluster begins everything is started in one process, and then what somebody decides', async t => {
  const board = new TestBoard(t, { isFounder: true, addresses: [] });
  const ran = board.start();
  await board.pass(1000);
  assert.deepEqual(
    [...board.running].map(([name, words]) => [name, words[0]]),
    [['b1-all-1', 'up']],
  );
  board.answer = { kind: 'orders', orders };
  await board.pass(4000);
  assert.deepEqual([...board.running.keys()], ['b2-sync-1']);
  board.answer = SILENCE;
  await board.pass(10_000);
  assert.deepEqual([...board.running.keys()], ['b2-sync-1']);
  board.ending.abort();
  await board.pass(2000);
  await ran;
});

test('a server that is no board yet is started, and reports when it has become one', async t => {
  const board = new TestBoard(t);
  const ran = board.start();
  await board.pass(1000);
  assert.deepEqual([[...board.running.keys()], board.reports.length], [['b1-all-1'], 0]);
  mkdirSync(join(board.data, 'cluster'));
  board.becomes({ name: 'b1', address: '10.0.0.1:8470', isFounder: true, addresses: [] });
  await board.pass(3000);
  assert.deepEqual(board.reports[0]?.report.processes[0]?.name, 'b1-all-1');
  board.ending.abort();
  await board.pass(2000);
  await ran;
});

test('a board that joined and has heard nothing yet starts nothing', async t => {
  const board = new TestBoard(t, { isFounder: false, addresses: ['10.0.0.1:8470'] });
  const ran = board.start();
  await board.pass(20_000);
  assert.equal(board.running.size, 0);
  board.ending.abort();
  await board.pass(2000);
  await ran;
});

test('orders that were cut off by a power failure are as none, and those of an unknown kind are refused', async t => {
  const board = new TestBoard(t, { isFounder: false, addresses: [] });
  const home = new BoardHome(board.data);
  for (const text of [
    '{"assignments":[{"proc',
    '{}',
    'null',
    JSON.stringify({ assignments: [{ ...sync, process: '../../etc/x' }], addresses: [] }),
    JSON.stringify({ assignments: [{ ...sync, kind: 'shell' }], addresses: [] }),
    JSON.stringify({ assignments: [{ ...sync, roles: ['--data'] }], addresses: [] }),
    JSON.stringify({ assignments: [{ ...sync, port: 70_000 }], addresses: [] }),
  ]) {
    writeFileSync(board.file('orders.json'), text);
    assert.equal(home.orders(), undefined, text);
  }
  writeFileSync(board.file('orders.json'), JSON.stringify(orders));
  assert.deepEqual(home.orders(), orders);
});

test('a board takes settings and starts its processes anew with them, and keeps those of before where nobody has them', async t => {
  const board = new TestBoard(t, { isFounder: false, addresses: ['10.0.0.1:8470'] });
  writeFileSync(join(board.data, 'copse.yaml'), 'presence: false\n');
  const settingsOf = () => readFileSync(join(board.data, 'copse.yaml'), 'utf8');
  const words = () => board.running.get('b2-sync-1')?.join(' ') ?? '';
  board.answer = { kind: 'orders', orders };
  const ran = board.start();
  await board.pass(4500);
  assert.doesNotMatch(words(), /--settings/);
  board.answer = { kind: 'orders', orders: { ...orders, settings: 2 } };
  await board.pass(4500);
  assert.deepEqual([settingsOf(), /--settings/.test(words())], ['presence: false\n', false], 'nobody has them');
  const files = [
    { name: 'copse.yaml', text: 'appservices: [settings-files/1-a.yaml]\n' },
    { name: 'settings-files/1-a.yaml', text: 'id: a\n' },
  ];
  board.settings = { number: 2, files };
  await board.pass(4500);
  assert.equal(settingsOf(), files[0]?.text);
  assert.equal(readFileSync(join(board.data, 'settings-files/1-a.yaml'), 'utf8'), 'id: a\n');
  assert.equal(readFileSync(join(board.data, 'copse.yaml.before'), 'utf8'), 'presence: false\n');
  assert.match(words(), /--settings 2$/);
  await board.pass(4500);
  assert.equal(board.reports.at(-1)?.report.facts.settings, 2);
  // While it is the turn of others nothing is said of settings.
  board.answer = { kind: 'orders', orders };
  await board.pass(4500);
  assert.match(words(), /--settings 2$/);
  board.ending.abort();
  await board.pass(2000);
  await ran;
});
