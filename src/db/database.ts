import type { Dialect, Row, Sql } from './sql.ts';

/** Something that answers queries. Integers come back as numbers (an integer beyond 2^53 is an error), bytes as Uint8Array. */
export interface Queryable {
  /** All rows. */
  all<R extends object = Row>(query: Sql): Promise<R[]>;
  /** The first row, or undefined. */
  get<R extends object = Row>(query: Sql): Promise<R | undefined>;
  /** The number of rows that were inserted, updated or deleted. */
  run(query: Sql): Promise<number>;
}

/** A running transaction. Functions that write take it as an argument, so that they cannot be called without one. */
export interface Tx extends Queryable {
  readonly isTransaction: true;
  /** Runs after the commit is durable, before the caller of `tx` goes on. */
  afterCommit(run: () => void): void;
  /** Runs when the transaction is rolled back: to drop what was cached or counted for it. */
  afterRollback(run: () => void): void;
}

/**
 * A database. Outside a transaction a query sees what has been committed.
 *
 * `tx` runs `work` in a transaction and resolves when it is durable on disk. It may run `work` again after a conflict
 * with another writer, so `work` must have no effect outside the transaction but through `afterCommit`.
 * A transaction must not wait for another one.
 */
export interface Database extends Queryable, AsyncDisposable {
  readonly dialect: Dialect;
  tx<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Rows one by one, in bounded memory, from one snapshot. */
  stream<R extends object = Row>(query: Sql): AsyncIterableIterator<R>;
  /**
   * From now on every transaction begins with `text` (statements; the last one has to find a row) and is refused where
   * that finds none; undefined: every one is taken. For processes that share a database: see cluster/member.ts. SQLite has one process and ignores it.
   */
  fence(text: string | undefined): void;
  /** The most connections that are used from now on, where the database has any. */
  allow?(connections: number): void;
  /** Runs a script of several statements: migrations only. */
  script(text: string): Promise<void>;
}

/** One state of a database, however long it is read. */
export interface Snapshot extends Queryable, AsyncDisposable {}

/** A database whose contents can be moved to another one. */
export interface MovableDatabase extends Database {
  /** The state at the moment when this resolves, or a moment before. */
  openSnapshot(): Promise<Snapshot>;
}

export function isMovable(db: Database): db is MovableDatabase {
  return 'openSnapshot' in db;
}

/** The database cannot take a write now (disk full, read-only, gone). Nothing was written; trying again later is right. */
export class DatabaseUnavailableError extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'DatabaseUnavailableError';
  }
}

/** Others hold this process for dead: what it wanted to write was not written. */
export class FencedError extends DatabaseUnavailableError {
  constructor() {
    super('this process was held for dead by the others, so what it writes is not taken', undefined);
    this.name = 'FencedError';
  }
}
