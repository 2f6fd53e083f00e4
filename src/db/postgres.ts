import pg from 'pg';
import Cursor from 'pg-cursor';
import { isInBackground } from '../base/background.ts';
import { systemClock } from '../base/clock.ts';
import { ConnectionSlots } from './connection-slots.ts';
import { FencedError, type MovableDatabase, type Snapshot, type Tx } from './database.ts';
import { escapeNul, unescapeNul } from './nul.ts';
import { explain, isRetried, isStalePlan } from './postgres-errors.ts';
import { PreparedNames } from './prepared-names.ts';
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
const MOST_ATTEMPTS = 8;
/** A statement of ours that takes longer is stuck behind something. */
const LONGEST_STATEMENT_MS = 60_000;
/** Without an answer for so much longer the machine of the database is gone. */
const LONGEST_SILENCE_MS = LONGEST_STATEMENT_MS + 5000;
const LONGEST_CONNECT_MS = 10_000;
/** For what may take as long as it likes. */
const DAY_MS = 86_400_000;

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
  for (const column in row) {
    const value = row[column];
    if (typeof value === 'string') row[column] = unescapeNul(value);
  }
  return row as Row;
}

/** Of all databases of this process: names mean the same texts everywhere. */
const prepared = new PreparedNames();

async function execute(client: pg.ClientBase | pg.Pool, query: Sql): Promise<{ rows: Row[]; count: number }> {
  const { text, values } = render(query, 'postgres');
  const name = prepared.nameOf(text);
  const asked = { text, values: values.map(bind), ...(name !== undefined && { name }) };
  const result = await client.query<Record<string, unknown>>(asked);
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

/**
 * PostgreSQL through a small pool, whose size nothing exceeds: what needs a connection waits in line for it, work in the
 * background behind everything else. Writers of the same rows wait for each other; deadlocks are tried again.
 */
export class PostgresDatabase implements MovableDatabase {
  readonly dialect = 'postgres';
  readonly #pool: pg.Pool;
  readonly #slots: ConnectionSlots;
  readonly #most: number;
  #fence: string | undefined;

  constructor({ url, connections = 5, idleInTransactionMs }: PostgresOptions) {
    this.#most = connections;
    this.#slots = new ConnectionSlots(connections, systemClock);
    this.#pool = new pg.Pool({
      connectionString: url,
      application_name: 'copse',
      max: connections,
      types,
      idle_in_transaction_session_timeout: idleInTransactionMs,
      statement_timeout: LONGEST_STATEMENT_MS,
      query_timeout: LONGEST_SILENCE_MS,
      connectionTimeoutMillis: LONGEST_CONNECT_MS,
      keepAlive: true,
    });
    // A connection that breaks is replaced at the next query; without a listener it would end the process.
    this.#pool.on('error', () => undefined);
    this.#pool.on('connect', client => client.on('error', () => undefined));
  }

  /** Connections in use, and what waits for one. */
  get usage(): ConnectionSlots['usage'] {
    return this.#slots.usage;
  }

  async all<R extends object = Row>(query: Sql): Promise<R[]> {
    return (await this.#execute(query)).rows as R[];
  }

  async get<R extends object = Row>(query: Sql): Promise<R | undefined> {
    return (await this.all<R>(query))[0];
  }

  async run(query: Sql): Promise<number> {
    return (await this.#execute(query)).count;
  }

  async #execute(query: Sql): Promise<{ rows: Row[]; count: number }> {
    using _ = await this.#slots.take(isInBackground());
    try {
      return await execute(this.#pool, query);
    } catch (error) {
      // The pool has given up the connection with the stale plan.
      return isStalePlan(error) ? await execute(this.#pool, query).catch(explain) : explain(error);
    }
  }

  allow(connections: number): void {
    this.#slots.resize(Math.min(connections, this.#most));
  }

  fence(text: string | undefined): void {
    this.#fence = text;
  }

  async script(text: string): Promise<void> {
    using _ = await this.#slots.take(isInBackground());
    const client = await this.#pool.connect().catch(explain);
    let broken: Error | undefined;
    try {
      await client.query('set statement_timeout = 0');
      await client.query({ text, query_timeout: DAY_MS } as pg.QueryConfig);
      await client.query(`set statement_timeout = ${LONGEST_STATEMENT_MS}`);
    } catch (error) {
      broken = error as Error;
      throw error;
    } finally {
      client.release(broken);
    }
  }

  async tx<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    using _ = await this.#slots.take(isInBackground());
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(work);
      } catch (error) {
        if (attempt >= MOST_ATTEMPTS || !(isRetried(error) || isStalePlan(error))) return explain(error);
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
      if (isStalePlan(error)) broken = error;
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
    using _ = await this.#slots.take(isInBackground());
    const { text, values } = render(query, 'postgres');
    const client = await this.#pool.connect().catch(explain);
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
    const slot = await this.#slots.take(isInBackground());
    const client = await this.#pool.connect().catch((error: unknown) => {
      slot[Symbol.dispose]();
      return explain(error);
    });
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
        slot[Symbol.dispose]();
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end();
  }
}
