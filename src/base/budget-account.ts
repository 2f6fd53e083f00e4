/** An account of the memory budget is full: whoever asked is told to come back later. */
export class BudgetFullError extends Error {
  readonly account: string;
  readonly retryAfterMs: number;

  constructor(account: string, message: string, retryAfterMs: number) {
    super(message);
    this.name = 'BudgetFullError';
    this.account = account;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Bytes that are held until this is disposed of. */
export interface Held extends Disposable {
  readonly bytes: number;
  /** Holds more, or less where `bytes` is negative. @throws BudgetFullError, and then holds what it held before */
  add(bytes: number): void;
}

/** What an account asks of its budget. */
export interface AccountBudget {
  /** What all accounts together may still take. */
  room(): number;
  /** To be told of what was taken, or given back where it is negative. */
  moved(bytes: number): void;
}

interface Waiter {
  readonly bytes: number;
  readonly admit: () => void;
}

/** More than these wait for nothing: they are refused. */
const MOST_WAITING = 1000;
/** What is held is given back within seconds, mostly. */
const RETRY_MS = 2000;

/** A named part of the memory budget, for what cannot be dropped. */
export class Account {
  readonly name: string;
  /** In bytes. */
  readonly limit: number;
  readonly #budget: AccountBudget;
  readonly #waiters = new Set<Waiter>();
  #bytes = 0;
  #refused = 0;

  constructor(name: string, limit: number, budget: AccountBudget) {
    this.name = name;
    this.limit = limit;
    this.#budget = budget;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /** How often it had to say no. */
  get refused(): number {
    return this.#refused;
  }

  fits(bytes: number): boolean {
    return this.#bytes + bytes <= this.limit && bytes <= this.#budget.room();
  }

  /** Takes `bytes`, to be given back by the caller. @throws BudgetFullError */
  take(bytes: number): void {
    if (!this.fits(bytes)) throw this.#full(bytes);
    this.#move(bytes);
  }

  give(bytes: number): void {
    this.#move(-bytes);
  }

  /** @throws BudgetFullError */
  hold(bytes: number): Held {
    this.take(bytes);
    return new Holding(this, bytes);
  }

  /**
   * Waits in line until `bytes` are free. What is larger than the whole account waits for all of it, and then passes
   * for as much: better one at a time than never. @throws BudgetFullError when too many wait, or `signal` aborts
   */
  async reserve(bytes: number, signal: AbortSignal): Promise<Held> {
    const asked = Math.min(bytes, this.limit);
    if (signal.aborted || this.#waiters.size >= MOST_WAITING) throw this.#full(asked);
    if (this.#waiters.size === 0 && this.fits(asked)) return this.hold(asked);
    await this.#turn(asked, signal);
    return new Holding(this, asked);
  }

  #turn(bytes: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiters.delete(waiter);
        signal.removeEventListener('abort', abort);
      };
      const abort = () => {
        leave();
        reject(this.#full(bytes));
        this.admitWaiting();
      };
      const waiter: Waiter = {
        bytes,
        admit: () => {
          leave();
          this.#move(bytes);
          resolve();
        },
      };
      this.#waiters.add(waiter);
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  /** Lets in who waits, in order, as far as there is room. */
  admitWaiting(): void {
    for (const waiter of this.#waiters) {
      if (!this.fits(waiter.bytes)) return;
      waiter.admit();
    }
  }

  #move(bytes: number): void {
    this.#bytes += bytes;
    this.#budget.moved(bytes);
  }

  #full(bytes: number): BudgetFullError {
    this.#refused++;
    const message = `${bytes} bytes more do not fit into the ${this.limit} bytes for ${this.name}`;
    return new BudgetFullError(this.name, message, RETRY_MS);
  }
}

class Holding implements Held {
  readonly #account: Account;
  #bytes: number;

  constructor(account: Account, bytes: number) {
    this.#account = account;
    this.#bytes = bytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(bytes: number): void {
    if (bytes > 0) this.#account.take(bytes);
    else this.#account.give(-bytes);
    this.#bytes += bytes;
  }

  [Symbol.dispose](): void {
    const bytes = this.#bytes;
    this.#bytes = 0;
    if (bytes > 0) this.#account.give(bytes);
  }
}
