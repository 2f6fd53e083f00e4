import type { Budget } from './budget.ts';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import type { Random } from './random.ts';

/** What every part is handed instead of reaching for it: time, randomness, the log, memory. */
export interface Surroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** What caches, queues and buffers are charged to. */
  readonly budget: Budget;
}
