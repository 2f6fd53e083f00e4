import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { boardOf, factsOf, placing } from '../../../test/support/boards.ts';
import type { Assignment, Board } from '../boards/board.ts';
import { ROLES } from '../roles.ts';
import { besideOf, capacityOf, footprintOf, MIB } from './budget.ts';
import type { Desired, DesiredPart } from './desired.ts';
import { isMeant } from './part.ts';
import { partsOf } from './parts.ts';
import { type Placement, type PlacementInput, place } from './place.ts';

const LABELS = ['front', 'media', 'fast'];

const anyBoards = fc
  .array(
    fc.record({
      labels: fc.subarray(LABELS),
      mib: fc.constantFrom(256, 512, 1024, 4096),
      isAlive: fc.boolean(),
      isCordoned: fc.nat(5).map(chance => chance === 0),
      isKnown: fc.nat(9).map(chance => chance > 0),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map(boards =>
    boards.map(({ mib, isKnown, ...rest }, at) =>
      boardOf(`b${at + 1}`, { ...rest, facts: isKnown ? factsOf(mib) : undefined }),
    ),
  );

const anyPart: fc.Arbitrary<DesiredPart> = fc.record(
  {
    roles: fc.subarray([...ROLES]),
    count: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.constant('each' as const)),
    memory: fc.integer({ min: 128, max: 600 }).map(mib => mib * MIB),
    boards: fc.subarray([...LABELS, 'b2', 'b3'], { maxLength: 2 }),
    spread: fc.boolean(),
  },
  { requiredKeys: ['roles', 'count', 'boards', 'spread'] },
);

const anyDesired: fc.Arbitrary<Desired> = fc.oneof(
  fc.constant({}),
  fc.constant({ media_shared: true }),
  fc
    .array(anyPart, { minLength: 1, maxLength: 6 })
    .map(parts => ({ parts: Object.fromEntries(parts.map((part, at) => [`part${at}`, part])) })),
);

const anyInput = fc
  .record({ boards: anyBoards, desired: anyDesired, connections: fc.integer({ min: 2, max: 100 }) })
  .map(({ boards, desired, connections }) =>
    placing(boards, { desired, settings: { memory: 256 * MIB, connections } }),
  );

const twelve = <T>(of: fc.Arbitrary<T>) => fc.array(of, { minLength: 12, maxLength: 12 });

/** What runs after other wishes of an earlier day, on boards of which some died since and some had more memory. */
const withHistory = fc
  .record({ input: anyInput, before: anyDesired, lived: twelve(fc.boolean()), had: twelve(fc.constantFrom(512, 4096)) })
  .map(({ input, before, lived, had }) => {
    const earlier = input.boards.map((board, at) => ({
      ...board,
      isAlive: lived[at] === true,
      facts: factsOf(had[at] ?? 0),
    }));
    const current = place({ ...input, boards: earlier, desired: before }).assignments;
    return { ...input, current: current.map((one, at) => ({ ...one, isLeaving: at % 7 === 6 })) };
  });

function after(input: PlacementInput, { assignments, waiting }: Placement): PlacementInput {
  return { ...input, current: [...assignments, ...waiting] };
}

function on(board: Pick<Board, 'name'>, assignments: readonly Assignment[]): Assignment[] {
  return assignments.filter(one => one.board === board.name);
}

function holds(check: (input: PlacementInput) => void, inputs = withHistory): void {
  fc.assert(fc.property(inputs, check), { numRuns: 500 });
}

test('no board gets more than it has, and each process a name and a port of its own', () => {
  holds(input => {
    const { assignments } = place(input);
    for (const board of input.boards) {
      const own = on(board, assignments);
      assert.ok(own.reduce((sum, one) => sum + footprintOf(one), 0) <= capacityOf(board) || own.length === 0);
      const ports = own.flatMap(({ port }) => (port === 0 ? [] : [port]));
      assert.equal(new Set(ports).size, ports.length);
    }
    assert.equal(new Set(assignments.map(({ process }) => process)).size, assignments.length);
  });
});

test('nothing is placed on a board that is dead, is to be emptied, or is not meant', () => {
  holds(input => {
    const parts = new Map(partsOf(input).parts.map(part => [part.name, part]));
    for (const { board: name, part } of place(input).assignments) {
      const board = input.boards.find(one => one.name === name);
      assert.ok(board?.isAlive && !board.isCordoned);
      assert.ok(isMeant(parts.get(part) ?? assert.fail(), board));
    }
  });
});

test('two of a part that is spread are on one board only where no other has room', () => {
  holds(input => {
    const { assignments } = place(input);
    for (const part of partsOf(input).parts.filter(({ spread }) => spread)) {
      const counts = input.boards.map(board => on(board, assignments).filter(one => one.part === part.name).length);
      if (Math.max(...counts) < 2) continue;
      for (const [at, board] of input.boards.entries()) {
        if (counts[at] !== 0 || !board.isAlive || board.isCordoned || !isMeant(part, board)) continue;
        const used = on(board, assignments).reduce((sum, one) => sum + footprintOf(one), 0);
        assert.ok(capacityOf(board) - used < part.least + besideOf(part), `${board.name} has room for ${part.name}`);
      }
    }
  });
});

test('what was placed is placed: asking again moves nothing', () => {
  holds(input => {
    const first = place(input);
    const second = place(after(input, first));
    assert.deepEqual(second.assignments, first.assignments);
    assert.deepEqual(second.waiting, first.waiting);
  });
});

test('the same question has the same answer', () => {
  holds(input => assert.deepEqual(place(structuredClone(input)), place(input)));
});

test('no part has more processes than it asks for', () => {
  holds(input => {
    const { assignments, waiting } = place(input);
    for (const part of partsOf(input).parts.filter(({ count }) => count !== 'each'))
      assert.ok([...assignments, ...waiting].filter(one => one.part === part.name).length <= Number(part.count));
  });
});

/** Boards that live, with room, and wishes that say how many: what changes then is the board alone. */
const settled = fc
  .record({
    count: fc.integer({ min: 4, max: 16 }),
    parts: fc.array(fc.record({ count: fc.integer({ min: 1, max: 3 }), memory: fc.constantFrom(128, 200, 256) }), {
      minLength: 1,
      maxLength: 5,
    }),
    which: fc.nat(15),
  })
  .map(({ count, parts, which }) => {
    const boards = Array.from({ length: count }, (_, at) => boardOf(`b${at + 1}`));
    const wanted = parts.map(({ count, memory }, at): [string, DesiredPart] => [
      `part${at}`,
      { roles: at === 0 ? [] : ['push'], count, memory: memory * MIB, boards: [], spread: true },
    ]);
    const input = placing(boards, { desired: { parts: Object.fromEntries(wanted) } });
    return { input, which: which % count };
  });

test('a board that goes moves only what was on it', () => {
  fc.assert(
    fc.property(settled, fc.boolean(), ({ input, which }, isDead) => {
      const first = place(input);
      const gone = input.boards[which] as Board;
      const boards = isDead
        ? input.boards.map(board => (board === gone ? { ...board, isAlive: false } : board))
        : input.boards.filter(board => board !== gone);
      const second = place({ ...after(input, first), boards });
      const roles = (some: readonly Assignment[]) => some.filter(({ kind }) => kind === 'role');
      const kept = roles(first.assignments).filter(({ board }) => board !== gone.name);
      for (const one of kept) assert.ok(second.assignments.some(other => other.process === one.process));
      assert.equal(roles(second.assignments).length, roles(first.assignments).length);
    }),
  );
});

test('a board that comes moves nothing', () => {
  fc.assert(
    fc.property(settled, ({ input }) => {
      const first = place(input);
      const boards = [...input.boards, boardOf('b99')];
      assert.deepEqual(place({ ...after(input, first), boards }).assignments, first.assignments);
    }),
  );
});

test('a part that nobody would have is worth starting others anew, with less', () => {
  const whole = (roles: DesiredPart['roles']): DesiredPart => ({ roles, count: 1, boards: [], spread: true });
  const boards = [boardOf('b1', { facts: factsOf(1024) })];
  const first = place(
    placing(boards, { desired: { parts: { all: whole([]) } }, settings: { memory: 800 * MIB, connections: 20 } }),
  );
  const all = first.assignments.find(({ part }) => part === 'all');
  const desired = { parts: { all: whole([]), push: whole(['push']), rooms: whole(['rooms']), sync: whole(['sync']) } };
  const input = placing(boards, {
    desired,
    current: [{ ...(all as Assignment), memory: 700 * MIB }],
    settings: { memory: 800 * MIB, connections: 20 },
  });
  const second = place(input);
  assert.deepEqual(second.faults, []);
  assert.equal(second.assignments.filter(({ kind }) => kind === 'role').length, 4);
  assert.equal(second.assignments.find(({ part }) => part === 'all')?.process, all?.process);
});
