/** Thrown when a key's queue is full: the caller is told to come back later. */
export class QueueFullError extends Error {
  readonly key: string;
  constructor(key: string, limit: number) {
    super(`${limit} tasks are already waiting for ${key}`);
    this.name = 'QueueFullError';
    this.key = key;
  }
}

interface Lane {
  tail: Promise<unknown>;
  waiting: number;
}

/**
 * Runs the tasks of one key one after the other, and those of different keys side by side.
 * A task that fails rejects its own promise and nothing else. At most `limit` tasks wait per key.
 */
export class KeyedQueue {
  readonly #lanes = new Map<string, Lane>();
  readonly #limit: number;

  constructor(limit = 1000) {
    this.#limit = limit;
  }

  run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const lane = this.#lanes.get(key) ?? { tail: Promise.resolve(), waiting: 0 };
    if (lane.waiting >= this.#limit) return Promise.reject(new QueueFullError(key, this.#limit));
    this.#lanes.set(key, lane);
    lane.waiting++;
    const done = lane.tail.then(task).finally(() => {
      lane.waiting--;
      if (lane.waiting === 0) this.#lanes.delete(key);
    });
    lane.tail = done.catch(() => undefined);
    return done;
  }

  /** The number of keys with work. */
  get busy(): number {
    return this.#lanes.size;
  }

  /** Resolves when everything queued so far has ended. */
  async drain(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map(lane => lane.tail));
  }
}
