import {
  type Database,
  isMovable,
  type MovableDatabase,
  type Queryable,
  type Snapshot,
  type Tx,
} from '../../src/db/database.ts';
import type { Row, Sql } from '../../src/db/sql.ts';

/** What a transaction is about to do, or (`committed`) has just done: its caller does not know of it yet. */
export type Step = 'begin' | 'statement' | 'commit' | 'committed';

/**
 * A database that tells of each step of its transactions before it is taken. `reached` may end the process there, or
 * throw what a disk would have thrown.
 */
export class FaultyDatabase implements MovableDatabase {
  readonly #inner: Database;
  readonly #reached: (step: Step) => void;

  constructor(inner: Database, reached: (step: Step) => void) {
    this.#inner = inner;
    this.#reached = reached;
  }

  get dialect() {
    return this.#inner.dialect;
  }

  async tx<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    this.#reached('begin');
    const value = await this.#inner.tx(async tx => {
      const value = await work(new FaultyTx(tx, this.#reached));
      this.#reached('commit');
      return value;
    });
    this.#reached('committed');
    return value;
  }

  all<R extends object = Row>(query: Sql): Promise<R[]> {
    return this.#inner.all<R>(query);
  }

  get<R extends object = Row>(query: Sql): Promise<R | undefined> {
    return this.#inner.get<R>(query);
  }

  run(query: Sql): Promise<number> {
    return this.tx(tx => tx.run(query));
  }

  stream<R extends object = Row>(query: Sql): AsyncIterableIterator<R> {
    return this.#inner.stream<R>(query);
  }

  fence(text: string | undefined): void {
    this.#inner.fence(text);
  }

  openSnapshot(): Promise<Snapshot> {
    if (!isMovable(this.#inner)) throw new Error('the database that is to fail has no snapshots');
    return this.#inner.openSnapshot();
  }

  script(text: string): Promise<void> {
    return this.#inner.script(text);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#inner[Symbol.asyncDispose]());
  }
}

class FaultyTx implements Tx {
  readonly isTransaction = true;
  readonly #inner: Tx;
  readonly #reached: (step: Step) => void;

  constructor(inner: Tx, reached: (step: Step) => void) {
    this.#inner = inner;
    this.#reached = reached;
  }

  async all<R extends object = Row>(query: Sql): Promise<R[]> {
    return this.#next.all<R>(query);
  }

  async get<R extends object = Row>(query: Sql): Promise<R | undefined> {
    return this.#next.get<R>(query);
  }

  async run(query: Sql): Promise<number> {
    return this.#next.run(query);
  }

  afterCommit(run: () => void): void {
    this.#inner.afterCommit(run);
  }

  afterRollback(run: () => void): void {
    this.#inner.afterRollback(run);
  }

  get #next(): Queryable {
    this.#reached('statement');
    return this.#inner;
  }
}
