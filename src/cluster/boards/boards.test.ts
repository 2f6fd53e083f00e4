import assert from 'node:assert/strict';
import { BOARD_FACTS } from '../../../test/support/board-facts.ts';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { allAssignments, forgetDesired, putAssignment, putDesired, readDesired } from './assignment.table.ts';
import { allBoards, changeBoard, otherAddresses, putBoard, removeBoard, reportBoard } from './board.table.ts';
import { type Assignment, BOARD_LIFE_MS, type BoardReport } from './board.ts';

const NOW = 1_000_000;
const report: BoardReport = {
  address: '10.0.0.9:8470',
  facts: BOARD_FACTS,
  processes: [{ name: 'b1-sync-1', state: 'ready', pid: 7, since: NOW, restarts: 0 }],
};
const b1 = { name: 'b1', address: '10.0.0.1:8470', labels: ['front'], fingerprint: 'AAAA' };
const sync: Assignment = {
  process: 'b1-sync-1',
  board: 'b1',
  part: 'sync',
  kind: 'role',
  roles: ['sync', 'initial-sync'],
  port: 8100,
  memory: 268_435_456,
  isLeaving: false,
};

onEachDatabase('a board is there once it joined, and lives for as long as its agent speaks', async db => {
  await db.tx(tx => putBoard(tx, b1, NOW));
  assert.deepEqual(
    (await allBoards(db, NOW)).map(({ name, facts, isAlive }) => ({ name, facts, isAlive })),
    [{ name: 'b1', facts: undefined, isAlive: false }],
  );
  assert.equal(await db.tx(tx => reportBoard(tx, b1, report, NOW)), true);
  const [alive] = await allBoards(db, NOW + BOARD_LIFE_MS - 1);
  assert.deepEqual(alive, {
    ...{ name: 'b1', labels: ['front'], joinedTs: NOW },
    ...{ ...report, isCordoned: false, isAlive: true },
  });
  assert.equal((await allBoards(db, NOW + BOARD_LIFE_MS))[0]?.isAlive, false);
});

onEachDatabase('a board with the certificate of an earlier life, or one nobody let in, is not heard', async db => {
  assert.equal(await db.tx(tx => reportBoard(tx, b1, report, NOW)), false);
  await db.tx(tx => putBoard(tx, b1, NOW));
  await db.tx(tx => putBoard(tx, { ...b1, fingerprint: 'BBBB' }, NOW + 1));
  assert.equal(await db.tx(tx => reportBoard(tx, b1, report, NOW)), false);
  assert.equal(await db.tx(tx => reportBoard(tx, { ...b1, fingerprint: 'BBBB' }, report, NOW)), true);
});

onEachDatabase('a board is cordoned, labelled and removed with what it should run', async db => {
  await db.tx(tx => putBoard(tx, b1, NOW));
  await db.tx(tx => putAssignment(tx, sync, NOW));
  assert.equal(await db.tx(tx => changeBoard(tx, 'b1', { isCordoned: true })), true);
  assert.equal(await db.tx(tx => changeBoard(tx, 'b1', { labels: ['media'] })), true);
  assert.equal(await db.tx(tx => changeBoard(tx, 'b2', { isCordoned: true })), false);
  const [board] = await allBoards(db, NOW);
  assert.deepEqual([board?.isCordoned, board?.labels], [true, ['media']]);
  assert.equal(await db.tx(tx => removeBoard(tx, 'b1')), true);
  assert.deepEqual([await allBoards(db, NOW), await allAssignments(db)], [[], []]);
});

onEachDatabase('what shall run is kept by the name of the process', async db => {
  await db.tx(tx => putAssignment(tx, sync, NOW));
  await db.tx(tx => putAssignment(tx, { ...sync, process: 'b2-all-1', board: 'b2', roles: [] }, NOW));
  await db.tx(tx => putAssignment(tx, { ...sync, isLeaving: true }, NOW));
  assert.deepEqual(await allAssignments(db, 'b1'), [{ ...sync, isLeaving: true }]);
  assert.deepEqual(
    (await allAssignments(db)).map(({ process, roles }) => [process, roles.length]),
    [
      ['b1-sync-1', 2],
      ['b2-all-1', 0],
    ],
  );
});

onEachDatabase('what the operator wants is kept until it is forgotten', async db => {
  assert.equal(await readDesired(db), undefined);
  await db.tx(tx => putDesired(tx, '{"parts":{}}', NOW));
  await db.tx(tx => putDesired(tx, '{"parts":{"sync":{}}}', NOW));
  assert.equal(await readDesired(db), '{"parts":{"sync":{}}}');
  await db.tx(tx => forgetDesired(tx));
  assert.equal(await readDesired(db), undefined);
});

onEachDatabase('a board is told of some others, those that live first, and each of others', async db => {
  for (let at = 1; at <= 6; at++) {
    const board = { name: `b${at}`, address: `10.0.0.${at}:8470`, labels: [], fingerprint: `F${at}` };
    await db.tx(tx => putBoard(tx, board, NOW));
    const told = { ...report, address: board.address };
    if (at !== 4) await db.tx(tx => reportBoard(tx, { name: board.name, fingerprint: board.fingerprint }, told, NOW));
  }
  const boards = async (name: string, limit: number) =>
    (await otherAddresses(db, name, limit, NOW)).map(address => address.replace(/^10\.0\.0\.(\d):8470$/, 'b$1'));
  assert.deepEqual(await boards('b3', 9), ['b5', 'b6', 'b1', 'b2', 'b4']);
  assert.deepEqual(await boards('b5', 2), ['b6', 'b1']);
});
