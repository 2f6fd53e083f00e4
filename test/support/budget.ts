import { Budget } from '../../src/base/budget.ts';

/** A budget in which caches may hold `cacheBytes` together. */
export function testBudget(cacheBytes = 8 * 1024 * 1024): Budget {
  return new Budget(2 * cacheBytes);
}
