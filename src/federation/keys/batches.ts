/** Too much waits already. */
export class BatchesFullError extends Error {
  constructor(limit: number) {
    super(`${limit} items wait already`);
    this.name = 'BatchesFullError';
  }
}

interface Waiting<T> {
  readonly item: T;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/** Hands items over in batches, one batch after the other: what comes while one is under way goes into the next. */
export class Batches<T> {
  readonly #run: (batch: readonly T[]) => Promise<void>;
  readonly #size: number;
  readonly #limit: number;
  #waiting: Waiting<T>[] = [];
  #isRunning = false;

  constructor(run: (batch: readonly T[]) => Promise<void>, { size, limit }: { size: number; limit: number }) {
    this.#run = run;
    this.#size = size;
    this.#limit = limit;
  }

  /** Resolves when all items were in batches that ended. @throws what `run` threw, BatchesFullError */
  async add(items: readonly T[]): Promise<void> {
    if (this.#waiting.length + items.length > this.#limit) throw new BatchesFullError(this.#limit);
    const all = items.map(item => {
      const { promise, resolve: done, reject: failed } = Promise.withResolvers<void>();
      this.#waiting.push({ item, done, failed });
      return promise;
    });
    void this.#work();
    await Promise.all(all);
  }

  async #work(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#size);
      try {
        await this.#run(batch.map(({ item }) => item));
        for (const { done } of batch) done();
      } catch (error) {
        for (const { failed } of batch) failed(error);
      }
    }
    this.#isRunning = false;
  }
}
