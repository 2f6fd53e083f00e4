import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestClock } from '../../../test/support/accounts.ts';
import { HourlyBudget } from './hourly-budget.ts';

test('N188 a budget is spent by user and comes back with the next hour', () => {
  const clock = new TestClock();
  const budget = new HourlyBudget(clock, 10);
  budget.add(1, 9);
  assert.equal(budget.isSpent(1), false);
  budget.add(1, 1);
  assert.deepEqual([budget.isSpent(1), budget.isSpent(2)], [true, false]);
  clock.advance(3_600_000);
  assert.equal(budget.isSpent(1), false);
});
