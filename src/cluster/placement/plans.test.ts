import assert from 'node:assert/strict';
import { factsOf } from '../../../test/support/boards.ts';
import { onEachDatabase } from '../../../test/support/databases.ts';
import type { MatrixError } from '../../core/matrix-error.ts';
import type { Database } from '../../db/database.ts';
import { putAssignment } from '../boards/assignment.table.ts';
import { putBoard, reportBoard } from '../boards/board.table.ts';
import { MIB } from './budget.ts';
import { Plans } from './plans.ts';

const NOW = 1_000_000;
const settings = { memory: 256 * MIB, connections: 40 };

async function twoBoards(db: Database): Promise<Plans> {
  for (const name of ['b1', 'b2']) {
    const address = `10.0.0.${name.slice(1)}:8470`;
    await db.tx(tx => putBoard(tx, { name, address, labels: [], fingerprint: name }, NOW));
    await db.tx(tx =>
      reportBoard(tx, { name, fingerprint: name }, { address, facts: factsOf(1024), processes: [] }, NOW),
    );
  }
  return new Plans({ db, settings, now: () => NOW });
}

function texts({ changes }: Awaited<ReturnType<Plans['plan']>>): string[] {
  return changes.map(({ kind, process }) => `${kind} ${process}`);
}

onEachDatabase('without boards there is nothing to plan', async db => {
  const plans = new Plans({ db, settings, now: () => NOW });
  await assert.rejects(plans.plan(), (error: MatrixError) => error.errcode === 'M_BAD_STATE' && error.status === 409);
  assert.deepEqual(await plans.faults(), []);
});

onEachDatabase('a plan is what differs, with other wishes too, and changes nothing', async db => {
  const plans = await twoBoards(db);
  const usual = ['start b1-all-1', 'start b1-nginx-1', 'start b2-all-but-media-1'];
  assert.deepEqual(texts(await plans.plan()), usual);
  const all = { roles: [], count: 1, boards: ['b2'], spread: true };
  assert.deepEqual(texts(await plans.plan({ parts: { all } })), ['start b1-nginx-1', 'start b2-all-1']);
  assert.deepEqual(texts(await plans.plan()), usual);
});

onEachDatabase('wishes are in force until they are forgotten; scaling is one more', async db => {
  const plans = await twoBoards(db);
  const all = { roles: [], count: 1, boards: [], spread: true };
  assert.equal((await plans.apply({ parts: { all } })).changes.length, 2);
  assert.equal((await plans.scale('all', 2)).changes.length, 3);
  assert.equal((await plans.plan()).changes.length, 3);
  await assert.rejects(plans.scale('sync', 2), /There is no part sync\. The parts are all\./);
  await plans.apply({ parts: { all } });
  assert.equal((await plans.plan()).changes.length, 2);
  assert.deepEqual(texts(await plans.forget()), ['start b1-all-1', 'start b1-nginx-1', 'start b2-all-but-media-1']);
});

onEachDatabase('processes are shown as their agents told, and what is leaving is no news', async db => {
  const plans = await twoBoards(db);
  const old = {
    process: 'b1-old-1',
    board: 'b1',
    part: 'old',
    kind: 'role',
    roles: [],
    port: 8107,
    memory: MIB,
  } as const;
  await db.tx(tx => putAssignment(tx, { ...old, isLeaving: true }, NOW));
  assert.deepEqual(
    (await plans.processes()).map(({ process, state, isLeaving }) => [process, state, isLeaving]),
    [['b1-old-1', 'not started', true]],
  );
  assert.ok(!texts(await plans.plan()).includes('stop b1-old-1'));
  await db.tx(tx => putAssignment(tx, { ...old, isLeaving: false }, NOW));
  assert.ok(texts(await plans.plan()).includes('stop b1-old-1'));
});
