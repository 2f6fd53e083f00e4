import type { Database, Tx } from './database.ts';
import type { Row, Sql } from './sql.ts';

/**
 * A database that can be replaced by another one with the same contents while it is used. For that moment the writers
 * are held; whoever reads goes on with the one that it began with.
 */
export class SwitchableDatabase implements Database {
  #current: Database;
  /** Transactions that run. */
  #running = 0;
  #gate: PromiseWithResolvers<void> | undefined;
  #onCalm: (() => void) | undefined;
  #fence: string | undefined;
  #allowed: number | undefined;

  constructor(first: Database) {
    this.#current = first;
  }

  get dialect() {
    return this.#current.dialect;
  }

  get current(): Database {
    return this.#current;
  }

  /**
   * Lets no transaction begin and resolves once the last one has ended. Whoever disposes of what comes back lets the
   * writers go on, with the database that `replace` was given meanwhile.
   */
  async hold(): Promise<Disposable & { replace(next: Database): void }> {
    if (this.#gate !== undefined) throw new Error('the writers are held already');
    const gate = Promise.withResolvers<void>();
    this.#gate = gate;
    if (this.#running > 0) await new Promise<void>(resolve => (this.#onCalm = resolve));
    return {
      replace: next => {
        this.#current = next;
        next.fence(this.#fence);
        if (this.#allowed !== undefined) next.allow?.(this.#allowed);
      },
      [Symbol.dispose]: () => {
        this.#gate = undefined;
        gate.resolve();
      },
    };
  }

  async tx<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    while (this.#gate !== undefined) await this.#gate.promise;
    this.#running++;
    try {
      return await this.#current.tx(work);
    } finally {
      this.#running--;
      if (this.#running === 0) this.#onCalm?.();
    }
  }

  run(query: Sql): Promise<number> {
    return this.tx(tx => tx.run(query));
  }

  all<R extends object = Row>(query: Sql): Promise<R[]> {
    return this.#current.all<R>(query);
  }

  get<R extends object = Row>(query: Sql): Promise<R | undefined> {
    return this.#current.get<R>(query);
  }

  stream<R extends object = Row>(query: Sql): AsyncIterableIterator<R> {
    return this.#current.stream<R>(query);
  }

  allow(connections: number): void {
    this.#allowed = connections;
    this.#current.allow?.(connections);
  }

  fence(text: string | undefined): void {
    this.#fence = text;
    this.#current.fence(text);
  }

  script(text: string): Promise<void> {
    return this.#current.script(text);
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#current[Symbol.asyncDispose]();
  }
}
