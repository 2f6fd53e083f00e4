import { type Admission, MemoryAdmission } from '../base/admission.ts';
import { type AccountUsage, Budget } from '../base/budget.ts';
import { BufferGarbage } from '../base/buffer-garbage.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { MemoryGuard } from '../base/memory-guard.ts';
import type { Metrics } from '../base/metrics.ts';
import type { MemoryStatus } from '../cli/status-text.ts';
import type { Config } from '../config/schema.ts';
import { RequestMemory } from '../http/request-memory.ts';
import type { HttpMemory } from '../http/server.ts';
import { SQLITE_BYTES } from './open-database.ts';
import type { SystemMemory } from './system-memory.ts';

const MIB = 1024 * 1024;
/** What the process takes before it holds anything: the program, the libraries, what they compile to. */
const PROGRAM_BYTES = 96 * MIB;
/** With less than this nothing can be served; the limit is then too low and is exceeded. */
const LEAST_BYTES = 16 * MIB;

/**
 * The budget of a process that may use `limit` bytes: half of what the program leaves. The other half is what the garbage
 * collector and the allocator keep beside live memory (docs/decisions/0055).
 */
export function budgetOf(limit: number): Budget {
  return new Budget(Math.max(LEAST_BYTES, Math.floor((limit - PROGRAM_BYTES) / 2)));
}

export interface MemoryInput {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics | undefined;
  /** Undefined: nobody watches. */
  readonly systemMemory?: SystemMemory;
}

/** What the process may hold, what it holds, and who watches it. */
export interface Memory extends Disposable {
  readonly budget: Budget;
  readonly admission: Admission;
  readonly http: HttpMemory;
  status(): MemoryStatus;
}

export function composeMemory(
  { memory: setting, database }: Pick<Config, 'memory' | 'database'>,
  { clock, log, metrics, systemMemory: system }: MemoryInput,
): Memory {
  const limit = Math.min(setting, system?.cgroupLimit ?? setting);
  if (limit < setting)
    log.warn('The control group of this process has less memory than the setting `memory`.', { setting, limit });
  const budget = budgetOf(limit);
  if (database.url === 'sqlite') budget.account('database', 3 / 4).take(SQLITE_BYTES);
  const guard = new MemoryGuard({
    clock,
    log,
    budget,
    program: PROGRAM_BYTES,
    read: () => system?.read(limit) ?? [],
    collect: () => system?.collect(),
    giveBack: () => system?.giveBack(),
    onHopeless: () => system?.onHopeless(guard.worst.of),
  });
  guard.onChange(level => system?.save(level !== 'calm'));
  if (system !== undefined) guard.start();
  const garbage =
    system && new BufferGarbage({ clock, held: () => system.buffers(), collect: () => system.collectYoung() });
  const admission = new MemoryAdmission({ budget, guard, clock });
  if (metrics !== undefined) showBudget(metrics, budget);
  return {
    budget,
    admission,
    http: { charges: new RequestMemory(budget, () => garbage?.watch()), admission, guard },
    status: () => ({
      residentBytes: system?.used() ?? process.memoryUsage.rss(),
      limit,
      level: guard.level,
      caches: budget.caches,
      accounts: budget.usage(),
    }),
    [Symbol.dispose]() {
      guard[Symbol.dispose]();
      garbage?.[Symbol.dispose]();
    },
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
  metrics.gauges('memory_account_refused_total', 'How often it was full.', 'account', () => budget.refusals());
}
