import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boardsOf, factsOf, placing } from '../../../test/support/boards.ts';
import { capacityOf, footprintOf, MIB } from './budget.ts';
import { enginesOf, withEngines } from './engines.ts';
import { place } from './place.ts';

const DATABASE = { url: 'postgres://copse@10.0.0.1/copse', connections: 40 };
const ON_ONE = enginesOf(DATABASE, 'nats://10.0.0.1:4222');

test('the database and the bus are counted on the board that has them, by its address or its name', () => {
  const boards = withEngines(boardsOf(2), enginesOf(DATABASE, 'nats://b2:4222,nats://10.0.0.1:4222'));
  assert.deepEqual(
    boards.map(({ beside }) => beside),
    [(128 + 160 + 32) * MIB, 32 * MIB],
  );
  const [with_, without] = [boards, boardsOf(2)].map(all => all.map(capacityOf));
  assert.deepEqual(with_, [(without?.[0] ?? 0) - 320 * MIB, (without?.[1] ?? 0) - 32 * MIB]);
  assert.deepEqual(withEngines(boardsOf(1), enginesOf({ url: 'sqlite', connections: 40 })), boardsOf(1));
  const six = { ...DATABASE, url: 'postgres://copse@[fd00::1]/copse' };
  const [board] = withEngines(boardsOf(1, { address: '[fd00::1]:8470' }), enginesOf(six));
  assert.equal(board?.beside, 288 * MIB);
});

test('processes are put where the database leaves room', () => {
  const boards = withEngines(boardsOf(4, { facts: factsOf(1024) }), ON_ONE);
  const { assignments } = place(placing(boards));
  const bytesOn = (name: string) =>
    assignments.reduce((sum, one) => sum + (one.board === name ? footprintOf(one) : 0), 0);
  const [first, ...others] = boards;
  assert.ok(bytesOn('b1') <= capacityOf(first as (typeof boards)[number]));
  for (const { name } of others)
    assert.ok(bytesOn(name) > bytesOn('b1'), `${name}: ${bytesOn(name)}, b1: ${bytesOn('b1')}`);
});

test('a small board with the database on it still has one process that does everything', () => {
  const boards = withEngines(boardsOf(1, { facts: factsOf(512) }), ON_ONE);
  const { assignments, faults } = place(placing(boards));
  const all = assignments.find(({ part }) => part === 'all');
  assert.deepEqual([all?.process, all?.memory], ['b1-all-1', 128 * MIB]);
  assert.deepEqual(faults, []);
});
