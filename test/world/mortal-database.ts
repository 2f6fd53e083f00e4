import { type Database, DatabaseUnavailableError, type Queryable, type Tx } from '../../src/db/database.ts';
import { type RenderedSql, type Row, render, type Sql } from '../../src/db/sql.ts';

/**
 * What a planted bug does to a statement: it is run as usual (undefined), or not at all, as if it had changed so many
 * rows.
 */
export type Plant = (statement: RenderedSql) => number | undefined;

/** What a database needs to know of the life that it belongs to. */
export interface Mortality {
  /** Aborts when that life is over. */
  readonly life: AbortSignal;
  /** Something happened. */
  readonly onActivity: () => void;
  /** A transaction is about to be committed; the life may end here. */
  readonly onCommit: () => void;
  /** Whether the disk has no room for what is about to be committed. */
  readonly isFull: () => boolean;
  readonly plant: Plant;
}

/** A database that ends with its server: from a crash on nothing is written, nothing is read, and nothing returns. */
export class MortalDatabase implements Database {
  readonly dialect;
  readonly #inner: Database;
  readonly #mortality: Mortality;

  constructor(inner: Database, mortality: Mortality) {
    this.dialect = inner.dialect;
    this.#inner = inner;
    this.#mortality = mortality;
  }

  all<R extends object = Row>(query: Sql): Promise<R[]> {
    return this.#alive(() => this.#inner.all<R>(query));
  }

  get<R extends object = Row>(query: Sql): Promise<R | undefined> {
    return this.#alive(() => this.#inner.get<R>(query));
  }

  run(query: Sql): Promise<number> {
    return this.tx(tx => tx.run(query));
  }

  async *stream<R extends object = Row>(query: Sql): AsyncIterableIterator<R> {
    for await (const row of this.#inner.stream<R>(query)) yield await this.#alive(async () => row);
  }

  fence(text: string | undefined): void {
    this.#inner.fence(text);
  }

  script(text: string): Promise<void> {
    return this.#alive(() => this.#inner.script(text));
  }

  tx<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#alive(() =>
      this.#inner.tx(async tx => {
        this.#mortality.onActivity();
        const result = await work(this.#wrap(tx));
        this.#mortality.onCommit();
        // A crash before the commit: the transaction is undone.
        this.#check();
        if (this.#mortality.isFull()) throw new DatabaseUnavailableError('the disk is full', undefined);
        return result;
      }),
    );
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#inner[Symbol.asyncDispose]();
  }

  #wrap(tx: Tx): Tx {
    const guarded = <T>(query: Sql, run: () => Promise<T>, skipped: (rows: number) => T): Promise<T> => {
      this.#check();
      const rows = this.#mortality.plant(render(query, 'sqlite'));
      return rows === undefined ? run() : Promise.resolve(skipped(rows));
    };
    const queries: Queryable = {
      all: query =>
        guarded(
          query,
          () => tx.all(query),
          () => [],
        ),
      get: query =>
        guarded(
          query,
          () => tx.get(query),
          () => undefined,
        ),
      run: query =>
        guarded(
          query,
          () => tx.run(query),
          rows => rows,
        ),
    };
    return {
      ...queries,
      isTransaction: true,
      afterCommit: run => tx.afterCommit(() => this.#mortality.life.aborted || run()),
      afterRollback: run => tx.afterRollback(run),
    };
  }

  #check(): void {
    if (this.#mortality.life.aborted) throw new CrashedError();
  }

  async #alive<T>(work: () => Promise<T>): Promise<T> {
    this.#check();
    const result = await work();
    this.#check();
    return result;
  }
}

/** The server has crashed: whoever sees this is a ghost. */
export class CrashedError extends DatabaseUnavailableError {
  constructor() {
    super('the server has crashed', undefined);
    this.name = 'CrashedError';
  }
}
