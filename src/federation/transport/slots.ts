/** Too many wait already: the caller is to come back later. */
export class NoSlotError extends Error {
  readonly key: string;

  constructor(key: string, waiting: number) {
    super(`${waiting} requests wait already`);
    this.name = 'NoSlotError';
    this.key = key;
  }
}

export interface SlotLimits {
  /** Running at once, in all and for one key. */
  readonly total: number;
  readonly perKey: number;
  /** Waiting at once, in all and for one key. */
  readonly waiting: number;
  readonly waitingPerKey: number;
}

interface Waiter {
  readonly key: string;
  readonly go: () => void;
}

/** Bounds how much runs at once: in all, and for each key. Whoever came first goes first, past those whose key is full. */
export class Slots {
  readonly #limits: SlotLimits;
  readonly #running = new Map<string, number>();
  readonly #waiters: Waiter[] = [];
  #total = 0;

  constructor(limits: SlotLimits) {
    this.#limits = limits;
  }

  /**
   * Resolves with what gives the slot back; calling that twice does no harm. `times`: as many times more may wait for the key
   * than for others. @throws NoSlotError, or the signal's reason
   */
  async take(key: string, signal: AbortSignal, times = 1): Promise<() => void> {
    signal.throwIfAborted();
    if (!this.#hasRoom(key)) await this.#wait(key, signal, times);
    else this.#count(key, 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#count(key, -1);
      this.#wake();
    };
  }

  get running(): number {
    return this.#total;
  }

  #hasRoom(key: string): boolean {
    return this.#total < this.#limits.total && (this.#running.get(key) ?? 0) < this.#limits.perKey;
  }

  #count(key: string, by: number): void {
    const running = (this.#running.get(key) ?? 0) + by;
    this.#total += by;
    if (running === 0) this.#running.delete(key);
    else this.#running.set(key, running);
  }

  #wait(key: string, signal: AbortSignal, times: number): Promise<void> {
    const ofKey = this.#waiters.filter(waiter => waiter.key === key).length;
    if (this.#waiters.length >= this.#limits.waiting || ofKey >= this.#limits.waitingPerKey * times)
      return Promise.reject(new NoSlotError(key, this.#waiters.length));
    return new Promise((resolve, reject) => {
      const leave = () => {
        const at = this.#waiters.indexOf(waiter);
        if (at >= 0) this.#waiters.splice(at, 1);
        reject(signal.reason);
      };
      const go = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const waiter = { key, go };
      this.#waiters.push(waiter);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** The slot is counted here, before its holder runs, so that nobody takes it in between. */
  #wake(): void {
    for (let at = 0; at < this.#waiters.length && this.#total < this.#limits.total; ) {
      const waiter = this.#waiters[at]!;
      if (this.#hasRoom(waiter.key)) {
        this.#waiters.splice(at, 1);
        this.#count(waiter.key, 1);
        waiter.go();
      } else at++;
    }
  }
}
