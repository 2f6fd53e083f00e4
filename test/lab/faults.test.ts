import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { Lab } from '../../src/cluster/lab/lab.ts';
import { FRONT_PORT, type Machine } from '../../src/cluster/lab/lab-plan.ts';
import { Crowd } from './crowd.ts';
import { SharedAddress } from './shared-address.ts';
import { skipWithoutLab, TestLab } from './test-lab.ts';

const isWhole = process.env.COPSE_TEST_LAB === 'whole';
/** In the whole form 200 people who wait for news, and 20 messages a second. */
const SIZE = isWhole ? { rooms: 20, people: 10, everyMs: 1000 } : { rooms: 3, people: 3, everyMs: 300 };
const FROZEN_MS = isWhole ? 30_000 : 12_000;
/** Of a machine that has nothing else to do; in the short form it may have. */
const READY_WITHIN_MS = isWhole ? 60_000 : 120_000;
const SERVED_WITHIN_MS = isWhole ? 15_000 : 60_000;

/** Resolves when nothing is left on a board but one process, which tells when it is back. */
async function isGivenUp(lab: Lab, board: Machine): Promise<void> {
  while (lab.assignments(board).filter(({ kind }) => kind === 'role').length > 1) await wait(500);
  assert.equal(lab.assignments(board).filter(({ kind }) => kind === 'role').length, 1);
}

test('boards lose their power, stand still and are cut off under load: nothing is lost, doubled or out of order', {
  skip: skipWithoutLab,
}, async t => {
  const began = performance.now();
  await using world = await TestLab.start();
  const { lab } = world;
  const took = performance.now() - began;
  t.diagnostic(`${lab.boards.length} boards ready after ${Math.round(took)} ms`);
  assert.ok(took < READY_WITHIN_MS, `ready after ${took} ms`);
  // In the whole form the fronts share an address, as a keepalived has them do.
  await using address = isWhole ? await SharedAddress.open(FRONT_PORT) : undefined;
  address?.follow(world.fronts);
  const doors = address === undefined ? world.doors : [{ url: `http://127.0.0.1:${address.port}` }];
  using crowd = await Crowd.gather(doors, SIZE);
  const within = async (what: string) => {
    const served = await crowd.servedAfter();
    t.diagnostic(`${what}: served again after ${Math.round(served)} ms`);
    if (served >= SERVED_WITHIN_MS) t.diagnostic(world.warnings);
    assert.ok(served < SERVED_WITHIN_MS, `${what}: ${served} ms`);
  };
  // In the whole form one fault at a time; in the short one the next may come before everything is in its place again.
  const back = (board: Machine) => (isWhole ? lab.settled() : lab.ready([board]));
  await within('at the beginning');
  const some = isWhole ? lab.boards : lab.boards.slice(1, 3);
  for (const board of some) {
    await lab.kill(board);
    await within(`${board.name} without power`);
    lab.heal(board);
    await back(board);
    await within(`${board.name} is back`);
  }
  for (const board of isWhole ? lab.boards : lab.boards.slice(-1)) {
    const before = world.logOf(board).length;
    lab.freeze(board, true);
    await within(`${board.name} stands still`);
    await wait(FROZEN_MS);
    lab.freeze(board, false);
    await within(`${board.name} goes on`);
    await world.said(board, /held this process for dead/, before);
    await back(board);
  }
  const bus = lab.machine('bus');
  await lab.kill(bus);
  await within('without a bus');
  lab.heal(bus);
  await within('with a bus again');
  const [, cutOff = assert.fail()] = lab.boards;
  lab.partition(cutOff, lab.machine('database'));
  await within(`${cutOff.name} cut off from the database`);
  // Whoever asks there all the same is not told anything that it cannot know.
  for (const { process, port } of lab.assignments(cutOff).filter(({ kind }) => kind === 'role')) {
    const signal = AbortSignal.timeout(5000);
    const url = `http://${cutOff.address}:${port}/_matrix/client/v3/publicRooms`;
    const asked = await fetch(url, { signal }).catch(() => undefined);
    assert.notEqual(asked?.status, 200, process);
  }
  if (isWhole) await isGivenUp(lab, cutOff);
  lab.heal(cutOff);
  await back(cutOff);
  await within(`${cutOff.name} is back`);
  await crowd.check();
  const status = await lab.status();
  assert.deepEqual(
    status.map(({ machine, killed }) => [machine.name, killed]),
    status.map(({ machine }) => [machine.name, 0]),
    'the kernel killed for memory',
  );
  t.diagnostic(`${crowd.count} messages, ${crowd.retries} requests were done again`);
});
