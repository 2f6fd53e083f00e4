import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOARD_FACTS } from '../../../test/support/board-facts.ts';
import { boardOf } from '../../../test/support/boards.ts';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { putAssignment, putSettingsNumber } from './assignment.table.ts';
import { putBoard } from './board.table.ts';
import type { Board, BoardReport } from './board.ts';
import { Roster } from './roster.ts';
import { isTurnOf } from './settings-number.ts';

const NOW = 1_000_000;

onEachDatabase('boards are told of others than the first ones, one after the other', async db => {
  const roster = new Roster({ db, now: () => NOW });
  const peers = ['b1', 'b2'].map(name => ({ name, fingerprint: name }));
  for (const { name } of peers) {
    await db.tx(tx => putBoard(tx, { ...{ name, fingerprint: name, labels: [] }, address: `${name}:8470` }, NOW));
    const one = { part: 'all', kind: 'role', roles: [], port: 8100, memory: 2 ** 28, isLeaving: false } as const;
    await db.tx(tx => putAssignment(tx, { ...one, process: `${name}-all-1`, board: name }, NOW));
  }
  const told = async (at: number, settings?: number, state: 'ready' | 'starting' = 'ready') => {
    const peer = peers[at] ?? assert.fail();
    const process = { name: `${peer.name}-all-1`, state, since: NOW, restarts: 0 };
    const facts = { ...BOARD_FACTS, ...(settings !== undefined && { settings }) };
    const report: BoardReport = { address: `${peer.name}:8470`, facts, processes: [process] };
    return (await roster.report(peer, report)).settings;
  };
  await db.tx(tx => putSettingsNumber(tx, 1));
  assert.deepEqual([await told(0), await told(1)], [undefined, undefined]);
  await db.tx(tx => putSettingsNumber(tx, 2));
  assert.equal(await told(1), undefined, 'the first one comes first');
  assert.deepEqual(await told(0), 2);
  assert.equal(await told(1), undefined, 'it has not got through with it yet');
  assert.deepEqual(await told(0, 2, 'starting'), 2);
  assert.equal(await told(1), undefined, 'a process starts');
  assert.deepEqual(await told(0, 2), 2);
  assert.deepEqual(await told(1), 2);
});

test('nobody waits for a dead board', () => {
  const boards: Board[] = [boardOf('b1', { isAlive: false }), boardOf('b2'), boardOf('b3')];
  assert.deepEqual(
    boards.map(({ name }) => isTurnOf(name, 2, boards)),
    [true, true, false],
  );
});
