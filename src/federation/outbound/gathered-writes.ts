import { setImmediate } from 'node:timers/promises';

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (reason: unknown) => void;
}

const MOST_AT_ONCE = 200;
/**
 * Turns of the event loop in which others may join in, and after how many without any of them it is not waited longer. Where
 * nothing else goes on these turns take no time; where much is sent they are long, and each commit of their own would cost
 * more than all else of a delivery.
 */
const MOST_TURNS = 10;
const QUIET_TURNS = 2;

/** What many ask for in a few turns of the event loop, or while one transaction is written, goes into the next one together. */
export class GatheredWrites<Item, Result = void> {
  readonly #writeSome: (some: readonly Item[]) => Promise<Result>;
  readonly #waiting: Waiting<Item, Result>[] = [];
  #running = false;

  constructor(writeSome: (some: readonly Item[]) => Promise<Result>) {
    this.#writeSome = writeSome;
  }

  /** Resolves when it is durable, with what came of all that was written together. */
  write(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (!this.#running) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      await this.#gather();
      const some = this.#waiting.splice(0, MOST_AT_ONCE);
      try {
        const result = await this.#writeSome(some.map(({ item }) => item));
        for (const { resolve } of some) resolve(result);
      } catch (error) {
        for (const { reject } of some) reject(error);
      }
    }
    this.#running = false;
  }

  async #gather(): Promise<void> {
    let quiet = 0;
    for (let turn = 0; turn < MOST_TURNS && quiet < QUIET_TURNS && this.#waiting.length < MOST_AT_ONCE; turn++) {
      const before = this.#waiting.length;
      await setImmediate();
      quiet = this.#waiting.length === before ? quiet + 1 : 0;
    }
  }
}
