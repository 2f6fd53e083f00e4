import pg from 'pg';
import Cursor from 'pg-cursor';
import { DatabaseUnavailableError, FencedError, type MovableDatabase, type Snapshot, type Tx } from './database.ts';
import { escapeNul, unescapeNul } from './nul.ts';
import { runAll } from './run-all.ts';
import { type Row, render, type Sql, type SqlScalar } from './sql.ts';

export interface PostgresOptions {
  /** A `postgres://` URL. */
  readonly url: string;
  /** The most connections this process opens. */
  readonly connections?: number;
  /** The database ends transactions that say nothing for so long: their process sleeps, or its machine is gone. */
  readonly idleInTransactionMs?: number;
}

const INT8 = 20;
/** Serialization failure, deadlock: the transaction is run again. */
const RETRIED = new Set(['40001', '40P01']);
const MOST_ATTEMPTS = 8;
/** Disk full, out of memory, too many connections, shutting down, read-only. */
const UNAVAILABLE = new Set([
  '53100',
  '53200',
  '53300',
  '57P01',
  '57P02',
  '57P03',
  '25006',
  'ECONNREFUSED',
  'ECONNRESET',
]);

function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`the integer ${text} is beyond 2^53`);
  return value;
}

const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === INT8 ? parseInt8 : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
};

function bind(value: SqlScalar): unknown {
  if (typeof value === 'string') return escapeNul(value);
  if (value instanceof Uint8Array && !Buffer.isBuffer(value)) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
  return value;
}

function unescapeRow(row: Record<string, unknown>): Row {
  for (const [column, value] of Object.entries(row)) {
    if (typeof value === 'string') row[column] = unescapeNul(value);
  }
  return row as Row;
}

async function execute(client: pg.ClientBase | pg.Pool, query: Sql): Promise<{ rows: Row[]; count: number }> {
  const { text, values } = render(query, 'postgres');
  const result = await client.query<Record<string, unknown>>({ text, values: values.map(bind) });
  return { rows: result.rows.map(unescapeRow), count: result.rowCount ?? 0 };
}

class PostgresTx implements Tx {
  readonly isTransaction = true;
  readonly committed: (() => void)[] = [];
  readonly rolledBack: (() => void)[] = [];
  readonly #client: pg.ClientBase;

  constructor(client: pg.ClientBase) {
    this.#client = client;
  }

  async all<R extends object = Row>(query: Sql): Promise<R[]> {
    return (await execute(this.#client, query)).rows as R[];
  }

  async get<R extends object = Row>(query: Sql): Promise<R | undefined> {
    return (await this.all<R>(query))[0];
  }

  async run(query: Sql): Promise<number> {
    return (await execute(this.#client, query)).count;
  }

  afterCommit(run: () => void): void {
    this.committed.push(run);
  }

  afterRollback(run: () => void): void {
    this.rolledBack.push(run);
  }
}

/** PostgreSQL through a small pool. Writers of the same rows wait for each other; deadlocks are tried again. */
export class PostgresDatabase implements MovableDatabase {
  readonly dialect = 'postgres';
  readonly #pool: pg.Pool;
  #fence: string | undefined;

  constructor(options: PostgresOptions) {
    this.#pool = new pg.Pool({
      connectionString: options.url,
      max: options.connections ?? 5,
      types,
      idle_in_transaction_session_timeout: options.idleInTransactionMs,
    });
    // A connection that breaks is replaced at the next query; without a listener it would end the process.
    this.#pool.on('error', () => undefined);
    this.#pool.on('connect', client => client.on('error', () => undefined));
  }

  async all<R extends object = Row>(query: Sql): Promise<R[]> {
    return (await execute(this.#pool, query).catch(explain)).rows as R[];
  }

  async get<R extends object = Row>(query: Sql): Promise<R | undefined> {
    return (await this.all<R>(query))[0];
  }

  async run(query: Sql): Promise<number> {
    return (await execute(this.#pool, query).catch(explain)).count;
  }

  fence(text: string | undefined): void {
    this.#fence = text;
  }

  async script(text: string): Promise<void> {
    await this.#pool.query(text);
  }

  async tx<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(work);
      } catch (error) {
        const code = (error as { code?: unknown }).code;
        if (attempt >= MOST_ATTEMPTS || typeof code !== 'string' || !RETRIED.has(code)) return explain(error);
      }
    }
  }

  async #attempt<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    const tx = new PostgresTx(client);
    let broken: Error | undefined;
    let value: T;
    try {
      await this.#begin(client);
      value = await work(tx);
      const { command } = await client.query('commit');
      // PostgreSQL answers a commit after a failed statement, whoever caught its error, with a rollback and no error.
      if (command !== 'COMMIT') throw new Error('a statement of the transaction had failed: nothing was committed');
    } catch (error) {
      runAll(tx.rolledBack);
      await client.query('rollback').catch((failure: Error) => {
        broken = failure;
      });
      throw error;
    } finally {
      client.release(broken);
    }
    runAll(tx.committed);
    return value;
  }

  /** One round trip, with a fence or without. @throws FencedError */
  async #begin(client: pg.ClientBase): Promise<void> {
    if (this.#fence === undefined) return void (await client.query('begin'));
    // Several statements in one text are answered by as many results.
    const results = (await client.query(`begin; ${this.#fence}`)) as unknown as pg.QueryResult[];
    if (results.at(-1)?.rowCount !== 1) throw new FencedError();
  }

  async *stream<R extends object = Row>(query: Sql): AsyncIterableIterator<R> {
    const { text, values } = render(query, 'postgres');
    const client = await this.#pool.connect();
    const cursor = client.query(new Cursor<Record<string, unknown>>(text, values.map(bind), { types }));
    try {
      for (;;) {
        const batch = await cursor.read(200);
        if (batch.length === 0) return;
        for (const row of batch) yield unescapeRow(row) as R;
      }
    } finally {
      await cursor.close();
      client.release();
    }
  }

  async openSnapshot(): Promise<Snapshot> {
    const client = await this.#pool.connect();
    // The snapshot is taken by the first statement that reads.
    await client.query('begin isolation level repeatable read read only; select 1');
    const tx = new PostgresTx(client);
    return {
      all: query => tx.all(query),
      get: query => tx.get(query),
      run: () => Promise.reject(new Error('a snapshot cannot be written to')),
      [Symbol.asyncDispose]: async () => {
        const broken = await client.query('rollback').then(
          () => undefined,
          (error: Error) => error,
        );
        client.release(broken);
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end();
  }
}

function explain(error: unknown): never {
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'string' && UNAVAILABLE.has(code)) {
    throw new DatabaseUnavailableError(`PostgreSQL cannot answer: ${error}`, error);
  }
  throw error;
}
