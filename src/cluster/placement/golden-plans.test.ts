import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { boardOf, boardsOf, factsOf, placing } from '../../../test/support/boards.ts';
import type { Board } from '../boards/board.ts';
import { ROLES } from '../roles.ts';
import { capacityOf, doesRole, footprintOf, MIB } from './budget.ts';
import { type PlacementInput, place } from './place.ts';
import { changesText, changesTo, placementText } from './plan-text.ts';

const PLANS = join(import.meta.dirname, '../../../test/fixtures/placement');

/** A plan as it is kept for people to look at. To renew it, look at what the test prints, and put it there. */
function isAsKept(file: string, input: PlacementInput): void {
  assert.equal(`${placementText(place(input), input.boards)}\n`, readFileSync(join(PLANS, file), 'utf8'));
}

const forty = { memory: 256 * MIB, connections: 40 };
/** As a rack is: the first two are reached from outside, the last two have less memory. */
const twentyFour = boardsOf(24).map((board, at) => ({
  ...board,
  labels: at < 2 ? ['front', 'media'] : [],
  facts: factsOf(at < 22 ? 4096 : 2048),
}));

test('one board', () => isAsKept('1.txt', placing(boardsOf(1), { settings: forty })));

test('three boards', () => isAsKept('3.txt', placing(boardsOf(3), { settings: forty })));

test('four boards of 512 MB', () =>
  isAsKept('4-small.txt', placing(boardsOf(4, { facts: factsOf(512) }), { settings: forty })));

test('twenty-four boards', () => isAsKept('24.txt', placing(twentyFour, { settings: forty })));

test('each kind of work is done, and fits, whichever of the twenty-four boards is missing', () => {
  const whole = place(placing(twentyFour, { settings: forty }));
  for (const gone of twentyFour)
    for (const boards of [
      without(twentyFour, gone),
      twentyFour.map(board => (board === gone ? { ...board, isAlive: false } : board)),
    ]) {
      const input = placing(boards, { settings: forty, current: whole.assignments });
      const { assignments } = place(input);
      const living = assignments.filter(({ board }) => board !== gone.name);
      for (const role of ROLES)
        assert.ok(
          living.some(({ kind, roles }) => kind === 'role' && doesRole(roles, role)),
          `${role} without ${gone.name}`,
        );
      assert.ok(
        living.some(({ kind }) => kind === 'front'),
        `a front without ${gone.name}`,
      );
      for (const board of boards) {
        const used = living.reduce((sum, one) => sum + (one.board === board.name ? footprintOf(one) : 0), 0);
        assert.ok(used <= capacityOf(board), `${board.name} without ${gone.name}`);
      }
      for (const one of whole.assignments.filter(({ board }) => board !== gone.name))
        assert.ok(
          living.some(({ process }) => process === one.process),
          `${one.process} moved without ${gone.name}`,
        );
    }
});

function without(boards: readonly Board[], gone: Board): Board[] {
  return boards.filter(board => board !== gone);
}

function faultsOf(boards: readonly Board[], more: Partial<PlacementInput> = {}): string {
  return place(placing(boards, { settings: forty, ...more })).faults.join('\n');
}

test('what cannot be is said, with the reason and what helps', () => {
  const part = { roles: [], count: 1, boards: [], spread: true };
  assert.match(
    faultsOf(boardsOf(1, { facts: factsOf(200) })),
    /all: 1 of 1 has no room: it needs 224 MiB on one board, and b1 has most, 72 MiB\. Add a board/,
  );
  assert.match(
    faultsOf(boardsOf(2), { desired: { parts: { all: { ...part, boards: ['fast'] } } } }),
    /no board is called or labelled fast/,
  );
  assert.match(
    faultsOf(boardsOf(2), { desired: { parts: { push: { ...part, roles: ['push'] } } } }),
    /Nobody does rooms: no part/,
  );
  assert.match(
    faultsOf(boardsOf(2), { desired: { counts: { sync: 4 } } }),
    /sync: there is no such part; the parts are all/,
  );
  assert.match(
    faultsOf(boardsOf(1, { facts: factsOf(4096, []) })),
    /b1 has no front: nginx or haproxy is not installed/,
  );
  assert.match(faultsOf(boardsOf(1, { facts: undefined })), /b1 has not told yet what it has/);
  assert.match(faultsOf(boardsOf(1, { facts: undefined, isAlive: false })), /all: b1 has not spoken yet/);
  assert.match(faultsOf(boardsOf(1, { isAlive: false })), /all: b1 is dead/);
  assert.equal(
    faultsOf(boardsOf(1, { facts: factsOf(4096, []) }), { desired: { fronts: { boards: [], program: 'none' } } }),
    '',
  );
});

test('what may serve media where these are not is said; what does nothing else is where they are', () => {
  const part = { roles: [], count: 1, boards: [], spread: true };
  assert.match(
    faultsOf(boardsOf(2), { desired: { parts: { all: part } } }),
    /all serves media and may run on b2, where the folder/,
  );
  assert.equal(faultsOf(boardsOf(2), { desired: { parts: { all: part }, media_shared: true } }), '');
  const desired = {
    parts: { all: { ...part, boards: ['b1'] }, media: { ...part, roles: ['media' as const], count: 2 } },
  };
  const { assignments } = place(placing(boardsOf(3), { settings: forty, desired }));
  assert.deepEqual([...new Set(assignments.map(({ board }) => board))], ['b1']);
});

test('there are never more processes than the connections to the database are enough for', () => {
  const input = placing(boardsOf(3), { settings: { memory: 256 * MIB, connections: 5 } });
  const { assignments, faults } = place(input);
  assert.equal(assignments.filter(({ kind }) => kind === 'role').length, 2);
  assert.match(faults.join(), /1 of 2, since database.connections: 5 is enough for 2 processes/);
  const roles = place(placing(twentyFour, { settings: forty })).assignments.filter(({ kind }) => kind === 'role');
  assert.equal(roles.length, 19);
});

test('four boards with few connections have one process for everything, as three have', () => {
  const { assignments } = place(placing(boardsOf(4), { settings: { memory: 256 * MIB, connections: 10 } }));
  assert.deepEqual([...new Set(assignments.map(({ part }) => part))].toSorted(), ['all', 'all-but-media', 'nginx']);
});

test('a board on which the first server runs needs no second one', () => {
  const outside = [{ process: 'b1-8008', board: 'b1', roles: [], memory: 256 * MIB }];
  const { assignments } = place(placing(boardsOf(2), { settings: forty, outside }));
  assert.deepEqual(
    assignments.map(({ process }) => process),
    ['b1-nginx-1', 'b2-all-but-media-1'],
  );
});

test('what a dead board alone could do waits for it; what others can do goes there', () => {
  const boards = boardsOf(3);
  const current = place(placing(boards, { settings: forty })).assignments;
  const { assignments, waiting, faults } = place(
    placing([boardOf('b1', { isAlive: false }), ...boards.slice(1)], { settings: forty, current }),
  );
  assert.deepEqual(
    waiting.map(({ process }) => process),
    ['b1-all-1', 'b1-nginx-1'],
  );
  assert.equal(assignments.length, 2);
  assert.match(faults.join('\n'), /b1-all-1 waits for b1, which is dead/);
});

test('what a board that is to be emptied alone can do stays there', () => {
  const boards = [boardOf('b1', { labels: ['fast'] }), boardOf('b2')];
  const desired = { parts: { all: { roles: [], count: 1, boards: ['fast'], spread: true } } };
  const { assignments: current } = place(placing(boards, { desired, settings: forty }));
  const drained = placing([boardOf('b1', { labels: ['fast'], isCordoned: true }), boardOf('b2')], {
    desired,
    current,
    settings: forty,
  });
  assert.deepEqual(
    place(drained).waiting.map(({ process }) => process),
    ['b1-all-1'],
  );
  assert.match(place(drained).faults.join('\n'), /b1-all-1 stays on b1, which is to be emptied/);
});

test('the way to a plan is told process by process', () => {
  const boards = boardsOf(2);
  const first = place(placing(boards, { settings: forty }));
  assert.match(
    changesText(changesTo(first, [])),
    /start b1-all-1 on b1: everything, 256 MiB, port 8100\nstart b1-nginx-1 on b1: the front \(nginx\)/,
  );
  assert.equal(changesText(changesTo(first, first.assignments)), 'Everything is as it is wanted.');
  const less = place(placing(boards.slice(0, 1), { settings: forty, current: first.assignments }));
  assert.equal(
    changesText(changesTo(less, first.assignments)),
    'stop b2-all-but-media-1 on b2: the part all-but-media is gone',
  );
  const bigger = first.assignments.map(one => ({ ...one, memory: 128 * MIB }));
  assert.match(changesText(changesTo(first, bigger)), /change b1-all-1 on b1: 256 MiB instead of 128/);
});
