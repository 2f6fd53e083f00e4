import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boardOf, boardsOf } from '../../../test/support/boards.ts';
import type { Assignment, BoardProcess } from '../boards/board.ts';
import { CUT_OFF_MS, probesOn, unheardBoards, withCutOff } from './cut-off.ts';

function assigned(process: string, more: Partial<Assignment> = {}): Assignment {
  const board = process.split('-')[0] ?? '';
  const what = { part: 'sync', kind: 'role', roles: ['sync'], port: 8100, memory: 1, isLeaving: false } as const;
  return { process, board, ...what, ...more };
}

const told = (name: string, state: BoardProcess['state'] = 'ready'): BoardProcess => ({
  ...{ name, state, since: 0, restarts: 0 },
});

const current = [assigned('b1-sync-1'), assigned('b1-sync-2'), assigned('b1-nginx-1', { kind: 'front', roles: [] })];

function unheard(processes: BoardProcess[], living: string[], givenUp: string[] = []): string[] {
  const boards = [boardOf('b1', { processes }), boardOf('b2')];
  return unheardBoards({ boards, current, givenUp: new Set(givenUp), living: new Set(living) });
}

test('a board is unheard when it says that its processes are ready and none of them tells the database that it lives', () => {
  assert.deepEqual(unheard([told('b1-sync-1'), told('b1-sync-2')], ['b2-sync-1']), ['b1']);
  assert.deepEqual(unheard([told('b1-sync-1', 'failed'), told('b1-sync-2')], []), ['b1']);
});

test('it is heard when one process is, and while none claims to be ready', () => {
  assert.deepEqual(unheard([told('b1-sync-1'), told('b1-sync-2')], ['b1-sync-2']), []);
  assert.deepEqual(unheard([told('b1-sync-1', 'starting'), told('b1-sync-2', 'draining')], []), []);
  assert.deepEqual(unheard([told('b1-nginx-1')], []), []);
});

test('one whose work was given away has to be heard before it gets any', () => {
  assert.deepEqual(unheard([told('b1-sync-1', 'failed')], [], ['b1', 'b2']), ['b1']);
  assert.deepEqual(unheard([told('b1-sync-1')], ['b1-sync-1'], ['b1']), []);
});

test('a board that does not speak is silent, and no matter of what the database hears', () => {
  const boards = boardsOf(1, { isAlive: false, processes: [told('b1-sync-1')] });
  assert.deepEqual(unheardBoards({ boards, current, givenUp: new Set(), living: new Set() }), []);
});

test('an unheard board counts as dead after as long as a silent one, or at once where it did before', () => {
  const cutOff = (unheardFor: number, givenUp: string[] = []) =>
    withCutOff({ boards: boardsOf(2), givenUp: new Set(givenUp), unheard: ['b2'], unheardFor: () => unheardFor })
      .filter(({ isAlive, isCutOff }) => !isAlive && isCutOff)
      .map(({ name }) => name);
  assert.deepEqual(cutOff(CUT_OFF_MS - 1), []);
  assert.deepEqual(cutOff(CUT_OFF_MS), ['b2']);
  assert.deepEqual(cutOff(0, ['b2']), ['b2']);
});

test('one process stays on a board that is cut off, and always the same one', () => {
  const cutOff = [boardOf('b1', { isAlive: false, isCutOff: true }), boardOf('b2')];
  const stays = (now: readonly Assignment[], wanted: string[] = []) =>
    probesOn(cutOff, { current: now, wanted: new Set(wanted) }).map(({ process }) => process);
  assert.deepEqual(stays(current.toReversed()), ['b1-sync-1']);
  assert.deepEqual(stays(current.slice(0, 1)), ['b1-sync-1']);
  assert.deepEqual(stays(current, ['b1-sync-2']), [], 'one that waits there does');
  assert.deepEqual(stays([assigned('b2-sync-1')]), []);
});
