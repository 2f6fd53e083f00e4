import type { AccountUsage, Budget } from '../base/budget.ts';
import type { Metrics } from '../base/metrics.ts';
import type { MemoryStatus } from '../cli/status-text.ts';
import { budgetOf } from './memory-budget.ts';

/** What the process may hold, and what it holds. */
export interface Memory {
  readonly budget: Budget;
  status(): MemoryStatus;
}

/** `limit`: the setting `memory`. */
export function composeMemory(limit: number, metrics: Metrics | undefined): Memory {
  const budget = budgetOf(limit);
  if (metrics !== undefined) showBudget(metrics, budget);
  return {
    budget,
    status: () => ({
      residentBytes: process.memoryUsage.rss(),
      limit,
      caches: budget.caches,
      accounts: budget.usage(),
    }),
  };
}

function showBudget(metrics: Metrics, budget: Budget): void {
  const read = (value: (usage: AccountUsage) => number) => () =>
    budget.usage().map(usage => [usage.name, value(usage)] as const);
  metrics.gauges(
    'memory_account_bytes',
    'What a cache, queue or buffer holds.',
    'account',
    read(({ bytes }) => bytes),
  );
  metrics.gauges(
    'memory_account_limit_bytes',
    'What it may hold; of a cache: what it can count on.',
    'account',
    read(({ limit }) => limit),
  );
}
