import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BoardWorld, ROUND_MS } from '../../../test/support/board-world.ts';
import { boardOf, boardsOf, factsOf, placing } from '../../../test/support/boards.ts';
import type { Board } from '../boards/board.ts';
import { ROLES } from '../roles.ts';
import { capacityOf, MIB } from './budget.ts';
import type { Desired } from './desired.ts';
import { place } from './place.ts';
import { LONGEST_FAREWELL_MS } from './step.ts';

function settled(boards: Board[], desired: Desired = {}): BoardWorld {
  const world = new BoardWorld(boards);
  world.desired = desired;
  world.settle();
  assert.deepEqual(world.served, [...ROLES]);
  return world;
}

/** Each role is served at every moment, by boards none of which has more to hold than it can. */
function soundly(world: BoardWorld): () => void {
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

const anyWish = fc
  .array(
    fc.record({
      roles: fc.subarray([...ROLES], { maxLength: 4 }),
      count: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constant('each' as const)),
      boards: fc.subarray(['b1', 'b2', 'b3'], { maxLength: 2 }),
      spread: fc.boolean(),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((parts): Desired => ({ parts: Object.fromEntries(parts.map((part, at) => [`part${at}`, part])) }));

interface Day {
  readonly desired: Desired;
  readonly boards: readonly { readonly mib: number; readonly isAlive: boolean; readonly isCordoned: boolean }[];
}

const anyDay: fc.Arbitrary<Day> = fc.record({
  desired: anyWish,
  boards: fc.array(
    fc.record({
      mib: fc.constantFrom(512, 1024, 4096),
      isAlive: fc.nat(4).map(chance => chance > 0),
      isCordoned: fc.nat(4).map(chance => chance === 0),
    }),
    { minLength: 1, maxLength: 5 },
  ),
});

test('whatever is wanted comes about, and no board ever has more to hold than it can', () => {
  const worldOf = (day: Day) =>
    day.boards.map(({ mib, ...state }, at) => boardOf(`b${at + 1}`, { ...state, facts: factsOf(mib) }));
  fc.assert(
    fc.property(anyDay, anyDay, (one, other) => {
      const world = new BoardWorld(worldOf(one));
      world.desired = one.desired;
      world.settle();
      // A board that has less memory than before may have too much on it from before.
      const boards = worldOf(other).map((board, at) => ({ ...board, facts: factsOf(one.boards[at]?.mib ?? 4096) }));
      world.boards = boards;
      world.desired = other.desired;
      world.settle(() => {
        for (const board of boards) assert.ok(world.bytesOn(board.name) <= capacityOf(board), board.name);
      });
      const { assignments, waiting } = place(placing(boards, { ...world.placing, current: world.rows }));
      const wanted = [...assignments, ...waiting].map(({ process }) => process).toSorted();
      assert.deepEqual(world.names, wanted);
      assert.ok(world.rows.every(({ isLeaving }) => !isLeaving));
    }),
    { numRuns: 150 },
  );
});
