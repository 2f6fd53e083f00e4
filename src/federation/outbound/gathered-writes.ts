interface Waiting<Item> {
  readonly item: Item;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

const MOST_AT_ONCE = 200;

/** What many ask for while one transaction is written goes into the next one together. */
export class GatheredWrites<Item> {
  readonly #writeSome: (some: readonly Item[]) => Promise<void>;
  readonly #waiting: Waiting<Item>[] = [];
  #running = false;

  constructor(writeSome: (some: readonly Item[]) => Promise<void>) {
    this.#writeSome = writeSome;
  }

  /** Resolves when it is durable. */
  write(item: Item): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (!this.#running) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      const some = this.#waiting.splice(0, MOST_AT_ONCE);
      try {
        await this.#writeSome(some.map(({ item }) => item));
        for (const { resolve } of some) resolve();
      } catch (error) {
        for (const { reject } of some) reject(error);
      }
    }
    this.#running = false;
  }
}
