import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boardsOf, bridgeOf, type LabPlan, MOST_BOARDS, machinesOf } from './lab-plan.ts';

const plan: LabPlan = {
  name: 'longest',
  network: '10.77.0',
  boards: MOST_BOARDS,
  memory: 2 ** 29,
  cpus: 0.5,
  settings: {},
};

test('each machine has names and addresses of its own, which the kernel takes', () => {
  const machines = machinesOf(plan);
  assert.equal(machines.length, MOST_BOARDS + 2);
  for (const key of ['name', 'address', 'hardware', 'namespace', 'cable', 'group'] as const)
    assert.equal(new Set(machines.map(each => each[key])).size, machines.length, key);
  for (const name of [bridgeOf(plan), ...machines.map(({ cable }) => cable)]) assert.ok(name.length <= 15, name);
  assert.ok(machines.every(({ hardware }) => /^02(:[0-9a-f]{2}){5}$/.test(hardware)));
});

test('boards are limited, what stands beside them is not', () => {
  assert.deepEqual(
    boardsOf({ ...plan, boards: 2 }).map(({ name, address, memory, cpus }) => [name, address, memory, cpus]),
    [
      ['b1', '10.77.0.11', 2 ** 29, 0.5],
      ['b2', '10.77.0.12', 2 ** 29, 0.5],
    ],
  );
  assert.deepEqual(
    machinesOf({ ...plan, boards: 1 }).map(({ name, memory }) => [name, memory]),
    [
      ['database', undefined],
      ['bus', undefined],
      ['b1', 2 ** 29],
    ],
  );
});
