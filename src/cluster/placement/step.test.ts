import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boardOf, boardsOf, factsOf, placing } from '../../../test/support/boards.ts';
import type { Assignment, Board } from '../boards/board.ts';
import { ROLES, type Role } from '../roles.ts';
import { capacityOf, doesRole, footprintOf, MIB } from './budget.ts';
import type { Desired } from './desired.ts';
import { place } from './place.ts';
import { LONGEST_FAREWELL_MS, step } from './step.ts';

const ROUND_MS = 2000;
/** How long a process takes until it is ready, and until it has gone. */
const STARTING_MS = 5000;
const ENDING_MS = 4000;

/** Boards whose agents do what they are told, in their own time. */
class Boards {
  boards: Board[];
  desired: Desired = {};
  rows: Assignment[] = [];
  connections = 100;
  now = 0;
  /** Processes that never become ready. */
  readonly failing = new Set<string>();
  readonly #changed = new Map<string, number>();
  readonly #leaving = new Map<string, number>();
  readonly #running = new Map<string, { board: string; until: number; started: number; spec: string; bytes: number }>();

  constructor(boards: Board[]) {
    this.boards = boards;
  }

  round(): number {
    this.#obey();
    const seen = this.boards.map(board => ({ ...board, processes: board.isAlive ? this.#told(board.name) : [] }));
    const settings = { memory: 256 * MIB, connections: this.connections };
    const input = placing(seen, { desired: this.desired, current: this.rows, settings });
    const acts = step({
      ...{ placement: place(input), current: this.rows, boards: seen, outside: [] },
      leavingFor: name => this.now - (this.#leaving.get(name) ?? this.now),
      changedFor: name => this.now - (this.#changed.get(name) ?? Number.NEGATIVE_INFINITY),
    });
    for (const act of acts) {
      const name = act.kind === 'put' ? act.assignment.process : act.process;
      this.rows = this.rows.filter(({ process }) => process !== name);
      if (act.kind === 'remove') continue;
      this.rows.push(act.assignment);
      if (act.assignment.isLeaving) this.#leaving.set(name, this.now);
      else this.#changed.set(name, this.now);
    }
    this.now += ROUND_MS;
    return acts.length;
  }

  /** Rounds until nothing happens any more; `check` after each. */
  settle(check: () => void = () => undefined): number {
    for (let rounds = 1, quiet = 0; ; rounds++) {
      quiet = this.round() === 0 ? quiet + 1 : 0;
      check();
      if (quiet > LONGEST_FAREWELL_MS / ROUND_MS) return rounds - quiet;
      assert.ok(rounds < 500, 'it comes to no end');
    }
  }

  /** Roles that a process serves now which was ready, and still is what it was. */
  get served(): Role[] {
    const ready = [...this.#running].filter(([name]) => this.#isReady(name));
    const roles = ready.map(([, { spec }]) => JSON.parse(spec)[0] as Role[]);
    return ROLES.filter(role => roles.some(some => doesRole(some, role)));
  }

  bytesOn(board: string): number {
    return [...this.#running.values()].reduce((sum, one) => sum + (one.board === board ? one.bytes : 0), 0);
  }

  get names(): string[] {
    return this.rows.map(({ process }) => process).toSorted();
  }

  /** Agents hear of what was said a round before. */
  #obey(): void {
    const living = new Set(this.boards.filter(({ isAlive }) => isAlive).map(({ name }) => name));
    for (const [name, one] of this.#running) {
      const isWanted = this.rows.some(({ process }) => process === name);
      if (!isWanted && one.until === Number.POSITIVE_INFINITY) one.until = this.now + ENDING_MS;
      if (!living.has(one.board) || one.until <= this.now) this.#running.delete(name);
    }
    for (const row of this.rows.filter(({ board }) => living.has(board))) {
      const spec = JSON.stringify([row.roles, row.memory, row.port]);
      if (this.#running.get(row.process)?.spec === spec) continue;
      const life = { board: row.board, started: this.now, until: Number.POSITIVE_INFINITY, spec };
      this.#running.set(row.process, { ...life, bytes: footprintOf(row) });
    }
  }

  #isReady(name: string): boolean {
    const one = this.#running.get(name);
    return one !== undefined && this.now - one.started >= STARTING_MS && !this.failing.has(name);
  }

  #told(board: string): Board['processes'] {
    return [...this.#running].flatMap(([name, one]) => {
      if (one.board !== board) return [];
      const state = Number.isFinite(one.until) ? 'draining' : this.#isReady(name) ? 'ready' : 'starting';
      return [{ name, state, since: 0, restarts: 0, memory: one.bytes } as const];
    });
  }
}

function settled(boards: Board[], desired: Desired = {}): Boards {
  const world = new Boards(boards);
  world.desired = desired;
  world.settle();
  assert.deepEqual(world.served, [...ROLES]);
  return world;
}

/** Each role is served at every moment, by boards none of which has more to hold than it can. */
function soundly(world: Boards): () => void {
  return () => {
    assert.deepEqual(world.served, [...ROLES], `at ${world.now} ms: ${world.names.join()}`);
    for (const board of world.boards)
      assert.ok(world.bytesOn(board.name) <= capacityOf(board), `${board.name} at ${world.now}`);
  };
}

test('from three boards to four everything gets processes of its own, and each role is served all the while', () => {
  const world = settled(boardsOf(3));
  world.boards = boardsOf(4);
  world.settle(soundly(world));
  assert.ok(world.names.every(name => !name.includes('all')));
});

test('where there is no room for both, one board after the other changes', () => {
  const world = settled(boardsOf(3, { facts: factsOf(512) }));
  world.boards = boardsOf(4, { facts: factsOf(512) });
  // Media lie on the first board alone: what serves them has no other.
  const missing = new Set<string>();
  world.settle(() => {
    for (const role of ROLES) if (!world.served.includes(role)) missing.add(role);
    for (const board of world.boards)
      assert.ok(world.bytesOn(board.name) <= capacityOf(board), `${board.name} at ${world.now}`);
  });
  assert.ok(world.names.every(name => !name.includes('all')));
  assert.deepEqual(
    [...missing].filter(role => role !== 'media'),
    [],
  );
});

test('another number of processes changes no other process', () => {
  const world = settled(boardsOf(4, { facts: factsOf(512) }), { counts: { sync: 2 } });
  const before = world.names;
  for (const count of [4, 2]) {
    const rows = new Map(world.rows.map(row => [row.process, row]));
    world.desired = { counts: { sync: count } };
    world.settle(soundly(world));
    assert.equal(world.names.filter(name => name.includes('-sync-')).length, count);
    for (const row of world.rows) assert.deepEqual(row, rows.get(row.process) ?? row);
  }
  assert.deepEqual(world.names, before);
});

test('a board is emptied without a moment in which nobody serves', () => {
  const world = settled(boardsOf(6));
  for (const name of ['b2', 'b3', 'b4']) {
    world.boards = boardsOf(6).map(board => ({ ...board, isCordoned: board.name === name }));
    world.settle(soundly(world));
    assert.equal(world.bytesOn(name), 0);
  }
});

test('what a dead board had starts elsewhere at once', () => {
  const world = settled(boardsOf(6));
  const count = world.names.length;
  world.boards = boardsOf(6).map(board => ({ ...board, isAlive: board.name !== 'b3' }));
  world.round();
  assert.equal(world.names.length, count);
  assert.ok(world.names.every(name => !name.startsWith('b3-')));
});

test('more memory for a part goes from process to process', () => {
  const part = (memory: number) => ({ roles: [], count: 2, memory: memory * MIB, boards: [], spread: true });
  const world = settled(boardsOf(2, { facts: factsOf(512) }), { parts: { all: part(200) } });
  world.desired = { parts: { all: part(272) } };
  world.settle(soundly(world));
  assert.deepEqual(
    world.rows.filter(({ kind }) => kind === 'role').map(({ memory }) => memory / MIB),
    [272, 272],
  );
});

test('where there is one board and no room for two, it is without for a moment', () => {
  const part = (memory: number) => ({ roles: [], count: 1, memory: memory * MIB, boards: [], spread: true });
  const world = settled(boardsOf(1, { facts: factsOf(512) }), { parts: { all: part(200) } });
  world.desired = { parts: { all: part(300) } };
  assert.ok(world.settle() < LONGEST_FAREWELL_MS / ROUND_MS, 'there is nothing to wait for');
  assert.deepEqual(world.served, [...ROLES]);
});

test('what is replaced by something that never becomes ready goes after a minute', () => {
  const world = settled(boardsOf(4), { parts: { all: { roles: [], count: 1, boards: ['b2'], spread: true } } });
  world.failing.add('b3-all-1');
  world.desired = { parts: { all: { roles: [], count: 1, boards: ['b3'], spread: true } } };
  const began = world.now;
  while (world.names.includes('b2-all-1')) world.round();
  assert.ok(world.now - began >= LONGEST_FAREWELL_MS);
  assert.ok(world.now - began < LONGEST_FAREWELL_MS + 5 * ROUND_MS);
});

test('what comes back before it has gone stays what it is', () => {
  const world = settled([boardOf('b1'), boardOf('b2')], {
    parts: { all: { roles: [], count: 1, boards: ['b1'], spread: true } },
  });
  world.desired = { parts: { all: { roles: [], count: 1, boards: ['b2'], spread: true } } };
  world.round();
  world.desired = { parts: { all: { roles: [], count: 1, boards: ['b1'], spread: true } } };
  world.settle(soundly(world));
  assert.deepEqual(world.names.filter(name => name.includes('all')).length, 1);
});
