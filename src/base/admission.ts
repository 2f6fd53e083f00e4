import type { Budget } from './budget.ts';
import { type Account, BudgetFullError, type Held } from './budget-account.ts';
import type { Clock } from './clock.ts';
import { LoopShare } from './loop-share.ts';
import { type MemoryGuard, type MemoryLevel, rank } from './memory-guard.ts';

/** Work that needs much memory. */
export type Work = 'initial_sync' | 'join' | 'answer';

/** Memory that is short is so for longer than an account is full. */
const CLOSED_RETRY_MS = 10_000;

export interface WorkRules {
  /** The part of the budget that all work of this kind may hold. */
  readonly part: number;
  /** From this level on nothing new begins. */
  readonly closedFrom: MemoryLevel;
  /**
   * How long it waits in line, in milliseconds, before it is refused; while nothing new begins it is refused at once.
   * Without it, it waits for both, without end.
   */
  readonly patienceMs?: number;
}

export const WORK: Readonly<Record<Work, WorkRules>> = {
  initial_sync: { part: 1 / 4, closedFrom: 'tight', patienceMs: 10_000 },
  join: { part: 1 / 2, closedFrom: 'tight' },
  answer: { part: 1 / 4, closedFrom: 'critical', patienceMs: 10_000 },
};

/** Asked before work that needs much memory begins. */
export interface Admission {
  /**
   * Resolves when the work may begin, in order, with what it holds: to be disposed of at its end, and to be changed
   * when it turns out to need more or less. `bytes`: live memory, estimated. More than the kind of work may hold at all
   * passes as that. `onWait`: called with a reason for people, once, when it has to wait.
   *
   * @throws BudgetFullError, to be answered with 429: nothing is begun now, the line is too long, or `signal` aborts
   */
  admit(work: Work, bytes: number, signal: AbortSignal, onWait?: (reason: string) => void): Promise<Held>;
}

/** Admits work by the memory budget, and by what the guard sees. */
export class MemoryAdmission implements Admission {
  readonly #clock: Clock;
  readonly #guard: MemoryGuard;
  readonly #accounts: Readonly<Record<Work, Account>>;
  readonly #turns = new LoopShare(1);

  constructor(parts: { readonly budget: Budget; readonly guard: MemoryGuard; readonly clock: Clock }) {
    const account = (work: Work) => parts.budget.account(work, WORK[work].part);
    this.#clock = parts.clock;
    this.#guard = parts.guard;
    this.#accounts = {
      initial_sync: account('initial_sync'),
      join: account('join'),
      answer: account('answer'),
    };
  }

  async admit(work: Work, bytes: number, signal: AbortSignal, onWait?: (reason: string) => void): Promise<Held> {
    const held = await this.#held(work, bytes, signal, onWait);
    // One begins in each turn of the event loop: what is read from caches waits for nothing, and many of them would hold up all.
    await this.#turns.take(1);
    return held;
  }

  async #held(work: Work, bytes: number, signal: AbortSignal, onWait?: (reason: string) => void): Promise<Held> {
    const account = this.#accounts[work];
    if (this.#isOpen(work) && account.waiting === 0 && account.fits(bytes)) return account.hold(bytes);
    const { patienceMs } = WORK[work];
    if (patienceMs !== undefined && !this.#isOpen(work)) throw this.#closed(work);
    onWait?.(this.#isOpen(work) ? `others of its kind hold the memory for it (${work})` : this.#reason());
    const patience = new AbortController();
    const end = () => patience.abort();
    signal.addEventListener('abort', end, { once: true });
    const timer = patienceMs === undefined ? undefined : this.#clock.after(patienceMs, end);
    try {
      if (signal.aborted) end();
      await this.#untilOpen(work, patience.signal);
      return await account.reserve(bytes, patience.signal);
    } finally {
      timer?.cancel();
      signal.removeEventListener('abort', end);
    }
  }

  #isOpen(work: Work): boolean {
    return rank(this.#guard.level) < rank(WORK[work].closedFrom);
  }

  #untilOpen(work: Work, signal: AbortSignal): Promise<void> {
    if (this.#isOpen(work) || signal.aborted) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle = () => {
        if (!signal.aborted && !this.#isOpen(work)) return;
        subscription[Symbol.dispose]();
        signal.removeEventListener('abort', settle);
        if (signal.aborted) reject(this.#closed(work));
        else resolve();
      };
      const subscription = this.#guard.onChange(settle);
      signal.addEventListener('abort', settle, { once: true });
    });
  }

  #closed(work: Work): BudgetFullError {
    return new BudgetFullError(work, this.#reason(), CLOSED_RETRY_MS);
  }

  #reason(): string {
    const { used, limit } = this.#guard.worst;
    return `${Math.round((100 * used) / limit)} % of the memory are used`;
  }
}
