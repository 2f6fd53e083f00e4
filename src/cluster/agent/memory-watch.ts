import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Supervisor } from './supervisor.ts';

export interface MemoryWatchParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly supervisor: Pick<Supervisor, 'told' | 'isServer' | 'restart'>;
  /** Of the board, in bytes. */
  readonly read: () => { readonly total: number; readonly used: number };
}

/** From this part of the board's memory on it is critical. Below, processes help themselves (`base/memory-guard.ts`). */
const CRITICAL = 0.9;
/** So long: what the processes do about it by themselves takes its time. */
const PATIENCE_MS = 10_000;
/** Between two restarts: whatever a process frees is seen by then. */
const PAUSE_MS = 60_000;

/**
 * The board's memory. Processes that an agent started see it too, refuse and shed first (at 70 and 80 %); where it stays
 * critical all the same, the largest is ended in good order and started anew, before the kernel kills one: one at a time,
 * and never the last that serves.
 */
export class MemoryWatch {
  readonly #parts: MemoryWatchParts;
  #criticalSince: number | undefined;
  #nextAt = 0;
  #isTold = false;

  constructor(parts: MemoryWatchParts) {
    this.#parts = parts;
  }

  /** To be called a few times a second. */
  async look(): Promise<void> {
    const now = this.#parts.clock.monotonic();
    const { total, used } = this.#parts.read();
    if (total === 0 || used < total * CRITICAL) {
      this.#criticalSince = undefined;
      this.#isTold = false;
      return;
    }
    this.#criticalSince ??= now;
    if (now - this.#criticalSince < PATIENCE_MS || now < this.#nextAt) return;
    const percent = Math.round((100 * used) / total);
    if (await this.#restartLargest(percent)) this.#nextAt = now + PAUSE_MS;
    else if (!this.#isTold) {
      this.#isTold = true;
      this.#parts.log.error(`${percent} % of this board's memory are used, and there is nothing to restart.`, {
        used,
        total,
      });
    }
  }

  async #restartLargest(percent: number): Promise<boolean> {
    const { supervisor, log } = this.#parts;
    const all = supervisor.told();
    if (all.some(({ state }) => state === 'draining' || state === 'starting')) return false;
    const serving = all.filter(({ name, state }) => state === 'ready' && supervisor.isServer(name));
    const [largest, another] = serving.toSorted((a, b) => (b.memory ?? 0) - (a.memory ?? 0));
    if (largest === undefined || another === undefined) return false;
    log.warn(`${percent} % of this board's memory are used: ${largest.name}, the largest process, is started anew.`, {
      memory: largest.memory,
    });
    return supervisor.restart(largest.name, `The board had ${percent} % of its memory in use.`);
  }
}
