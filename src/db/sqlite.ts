import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { LoopShare } from '../base/loop-share.ts';
import { DatabaseUnavailableError, type MovableDatabase, type Snapshot, type Tx } from './database.ts';
import { escapeNul, unescapeNul } from './nul.ts';
import { runAll } from './run-all.ts';
import { type Row, render, type Sql, type SqlScalar } from './sql.ts';

export interface SqliteOptions {
  /** Path of the database file. */
  readonly file: string;
  /** `full` syncs each commit to the disk (the default: what is acknowledged survives a power cut). */
  readonly synchronous?: 'full' | 'off';
  /** Page cache per connection in KiB. */
  readonly cacheKib?: number;
}

const MOST_STATEMENTS = 500;
/** How many transactions share one commit at most, so that the first of them does not wait for long. */
const MOST_IN_GROUP = 200;
const MOST_STREAM_CONNECTIONS = 4;
/** What reading may take of one turn of the event loop: about 10 ms, with a row as the unit and what makes of it counted in. */
const TURN_UNITS = 1000;
/** What a query costs besides its rows. */
const QUERY_UNITS = 5;
/** SQLITE_BUSY (another program holds the database), READONLY, IOERR, FULL and CANTOPEN. */
const CANNOT_WRITE: ReadonlySet<number> = new Set([5, 8, 10, 13, 14]);
/** SQLITE_CONSTRAINT_TRIGGER: the database was moved away (moving/capture.ts). */
const REFUSED_BY_TRIGGER = 1811;

/** One connection with its prepared statements. */
class Connection {
  readonly db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(options: SqliteOptions, readOnly: boolean) {
    this.db = new DatabaseSync(options.file, { readOnly, timeout: 5000 });
    this.db.exec(`pragma cache_size = -${options.cacheKib ?? 4096}; pragma temp_store = memory;`);
    if (readOnly) return;
    const synchronous = options.synchronous === 'off' ? 'off' : 'full';
    this.db.exec(`pragma journal_mode = wal; pragma synchronous = ${synchronous}; pragma foreign_keys = on;
      pragma journal_size_limit = 16777216;`);
  }

  prepare(text: string): StatementSync {
    let statement = this.#statements.get(text);
    if (statement === undefined) {
      if (this.#statements.size >= MOST_STATEMENTS) this.#statements.clear();
      statement = this.db.prepare(text);
      this.#statements.set(text, statement);
    }
    return statement;
  }

  all(query: Sql): Row[] {
    const { text, values } = render(query, 'sqlite');
    return this.prepare(text)
      .all(...values.map(bind))
      .map(row => unescapeRow(row as Row));
  }

  get(query: Sql): Row | undefined {
    const { text, values } = render(query, 'sqlite');
    const row = this.prepare(text).get(...values.map(bind));
    return row === undefined ? undefined : unescapeRow(row as Row);
  }

  run(query: Sql): number {
    const { text, values } = render(query, 'sqlite');
    return Number(this.prepare(text).run(...values.map(bind)).changes);
  }
}

function bind(value: SqlScalar): SQLInputValue {
  return typeof value === 'string' ? escapeNul(value) : value;
}

function unescapeRow(row: Row): Row {
  // Rows have no prototype, and the many small objects of `Object.entries` were a fifth of a sync's garbage.
  for (const column in row) {
    const value = row[column];
    if (typeof value !== 'string') continue;
    const text = unescapeNul(value);
    if (text !== value) (row as Record<string, SqlScalar>)[column] = text;
  }
  return row;
}

interface Job {
  readonly work: (tx: Tx) => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

class SqliteTx implements Tx {
  readonly isTransaction = true;
  readonly committed: (() => void)[] = [];
  readonly rolledBack: (() => void)[] = [];
  readonly #connection: Connection;
  #ended = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async all<R extends object = Row>(query: Sql): Promise<R[]> {
    return this.#open.all(query) as R[];
  }

  async get<R extends object = Row>(query: Sql): Promise<R | undefined> {
    return this.#open.get(query) as R | undefined;
  }

  async run(query: Sql): Promise<number> {
    return this.#open.run(query);
  }

  end(): void {
    this.#ended = true;
  }

  /** A statement that came too late would run in the transaction of somebody else, or be committed by itself. */
  get #open(): Connection {
    if (this.#ended) throw new Error('a statement was given to a transaction that has ended');
    if (!this.#connection.db.isTransaction) throw rolledBackBySqlite(undefined);
    return this.#connection;
  }

  afterCommit(run: () => void): void {
    this.committed.push(run);
  }

  afterRollback(run: () => void): void {
    this.rolledBack.push(run);
  }
}

/** When the disk is full SQLite can end the whole transaction by itself: then nothing of the group stands. */
function rolledBackBySqlite(cause: unknown): DatabaseUnavailableError {
  return new DatabaseUnavailableError('SQLite has rolled the transaction back', cause);
}

interface Done {
  readonly job: Job;
  readonly tx: SqliteTx;
  readonly value: unknown;
}

/**
 * SQLite in WAL mode: one writer, readers beside it. Transactions that wait at the same time run one after the other
 * between one `begin` and one `commit` (group commit), each in a savepoint of its own: one fsync serves all of them,
 * and one that fails takes none of the others with it.
 */
export class SqliteDatabase implements MovableDatabase {
  readonly dialect = 'sqlite';
  readonly #options: SqliteOptions;
  readonly #writer: Connection;
  readonly #reader: Connection;
  readonly #idleStreams: Connection[] = [];
  readonly #jobs: Job[] = [];
  readonly #share = new LoopShare(TURN_UNITS);
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(options: SqliteOptions) {
    this.#options = options;
    this.#writer = new Connection(options, false);
    this.#reader = new Connection(options, true);
  }

  async all<R extends object = Row>(query: Sql): Promise<R[]> {
    const turn = this.#share.take(QUERY_UNITS);
    if (turn !== undefined) await turn;
    const rows = this.#reader.all(query) as R[];
    this.#share.spend(rows.length);
    return rows;
  }

  async get<R extends object = Row>(query: Sql): Promise<R | undefined> {
    const turn = this.#share.take(QUERY_UNITS);
    if (turn !== undefined) await turn;
    return this.#reader.get(query) as R | undefined;
  }

  run(query: Sql): Promise<number> {
    return this.tx(tx => tx.run(query));
  }

  fence(): void {
    // The lock of the data folder lets one process in.
  }

  async script(text: string): Promise<void> {
    await this.#running;
    try {
      this.#writer.db.exec(text);
    } catch (error) {
      if (this.#writer.db.isTransaction) this.#writer.db.exec('rollback');
      throw error;
    }
  }

  tx<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new DatabaseUnavailableError('the database is closed', undefined));
    return new Promise<T>((resolve, reject) => {
      this.#jobs.push({ work, resolve: resolve as (value: unknown) => void, reject });
      this.#running ??= this.#drain();
    });
  }

  async #drain(): Promise<void> {
    while (this.#jobs.length > 0) {
      // One turn of the event loop, so that requests that arrived together are committed together.
      await new Promise<void>(resolve => setImmediate(resolve));
      await this.#group(this.#jobs.splice(0, MOST_IN_GROUP));
    }
    this.#running = undefined;
  }

  async #group(jobs: readonly Job[]): Promise<void> {
    const done: Done[] = [];
    try {
      this.#writer.db.exec('begin immediate');
      for (const job of jobs) {
        const succeeded = await this.#inSavepoint(job);
        if (succeeded !== undefined) done.push(succeeded);
      }
      this.#writer.db.exec('commit');
    } catch (error) {
      this.#abandon(jobs, done, error);
      return;
    }
    for (const { job, tx, value } of done) {
      runAll(tx.committed);
      job.resolve(value);
    }
  }

  /** Undefined when the job failed, and nothing of it is left. @throws when the transaction of the group is lost with it */
  async #inSavepoint(job: Job): Promise<Done | undefined> {
    const tx = new SqliteTx(this.#writer);
    try {
      this.#writer.db.exec('savepoint job');
      const value = await job.work(tx);
      tx.end();
      if (!this.#writer.db.isTransaction) throw rolledBackBySqlite(undefined);
      this.#writer.db.exec('release job');
      return { job, tx, value };
    } catch (error) {
      tx.end();
      runAll(tx.rolledBack);
      job.reject(this.#explain(error));
      if (!this.#writer.db.isTransaction) throw rolledBackBySqlite(error);
      this.#writer.db.exec('rollback to job; release job');
      return undefined;
    }
  }

  /** The commit failed: every transaction of the group is undone and told why. */
  #abandon(jobs: readonly Job[], done: readonly Done[], error: unknown): void {
    try {
      if (this.#writer.db.isTransaction) this.#writer.db.exec('rollback');
    } catch {
      // SQLite has rolled back by itself between the two; the error to report is the first one.
    }
    for (const { tx } of done) runAll(tx.rolledBack);
    const reason = this.#explain(error);
    for (const job of jobs) job.reject(reason);
  }

  #explain(error: unknown): unknown {
    const code = (error as { errcode?: unknown }).errcode;
    // The low byte of an extended code says what kind it is.
    if (typeof code !== 'number' || !(CANNOT_WRITE.has(code & 0xff) || code === REFUSED_BY_TRIGGER)) return error;
    return new DatabaseUnavailableError(`the database at ${this.#options.file} cannot be written: ${error}`, error);
  }

  async *stream<R extends object = Row>(query: Sql): AsyncIterableIterator<R> {
    const connection = this.#openStream();
    try {
      const { text, values } = render(query, 'sqlite');
      for (const row of connection.db.prepare(text).iterate(...values.map(bind))) yield unescapeRow(row as Row) as R;
    } finally {
      this.#closeStream(connection);
    }
  }

  async openSnapshot(): Promise<Snapshot> {
    const connection = this.#openStream();
    // The snapshot is taken by the first read.
    connection.db.exec('begin; select 1 from migration limit 1');
    const all = async <R extends object>(query: Sql) => {
      const turn = this.#share.take(QUERY_UNITS);
      if (turn !== undefined) await turn;
      const rows = connection.all(query) as R[];
      this.#share.spend(rows.length);
      return rows;
    };
    return {
      all,
      get: async <R extends object>(query: Sql) => (await all<R>(query))[0],
      run: () => Promise.reject(new Error('a snapshot cannot be written to')),
      [Symbol.asyncDispose]: async () => {
        connection.db.exec('rollback');
        this.#closeStream(connection);
      },
    };
  }

  /** A cursor pins its connection's snapshot, so each stream has a connection of its own. */
  #openStream(): Connection {
    return this.#idleStreams.pop() ?? new Connection({ ...this.#options, cacheKib: 256 }, true);
  }

  #closeStream(connection: Connection): void {
    if (this.#idleStreams.length < MOST_STREAM_CONNECTIONS && !this.#closed) this.#idleStreams.push(connection);
    else connection.db.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    while (this.#running !== undefined) await this.#running;
    this.#closed = true;
    for (const connection of this.#idleStreams) connection.db.close();
    this.#reader.db.close();
    this.#writer.db.close();
  }
}
