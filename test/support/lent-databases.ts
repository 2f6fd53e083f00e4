import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import pg from 'pg';

/** A database that the holder has to itself until it gives it back. */
export interface LentDatabase extends AsyncDisposable {
  readonly url: string;
}

/** Where copies of a migrated database come from. */
export interface Copies {
  /** The server, by a database for administration. */
  readonly url: string;
  /** With today's schema. */
  readonly template: string;
}

const BETWEEN_TESTS = readFileSync(new URL('between-tests.sql', import.meta.url), 'utf8');
/** A server of somebody's own may still have those of a script before. */
const OF_THIS_SCRIPT = createHash('sha256').update(BETWEEN_TESTS).digest('hex').slice(0, 6);
/** Of the advisory locks that say who has which database, and who makes one. */
const LOCK = { held: 7_230_103, making: 7_230_104 };
/** Keys of rows and orders of deletion are nothing that emptying has to heed. */
const CARELESS = '-c session_replication_role=replica';

/**
 * Databases that one test after the other has, each as a fresh copy would be. Copying costs PostgreSQL 60 to 100 ms of
 * processor time, its first connections as much again, and emptying what a test has written 5. A database is held by a
 * connection to it with an advisory lock: when the process ends, however it does, the next one may have it.
 */
export class LentDatabases {
  readonly #copies: Copies;
  readonly #free: Holder[] = [];

  constructor(copies: Copies) {
    this.#copies = copies;
  }

  async lend(): Promise<LentDatabase> {
    for (;;) {
      const holder = this.#free.pop() ?? (await this.#hold());
      if (await holder.reset()) {
        return { url: holder.url, [Symbol.asyncDispose]: async () => void this.#free.push(holder) };
      }
      // A test has changed the schema.
      await holder.drop(this.#copies.url);
    }
  }

  /** The first that nobody has. */
  async #hold(): Promise<Holder> {
    for (let n = 1; ; n++) {
      const name = `${this.#copies.template}_lent_${OF_THIS_SCRIPT}_${n}`;
      await this.#make(name);
      const holder = await Holder.of(onServer(this.#copies.url, name), name);
      if (holder !== undefined) return holder;
    }
  }

  async #make(name: string): Promise<void> {
    await withAdmin(this.#copies.url, async client => {
      await client.query('select pg_advisory_lock($1)', [LOCK.making]);
      const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name]);
      if (rowCount !== 0) return;
      await client.query(`drop database if exists ${name}_new with (force)`);
      await client.query(`create database ${name}_new template ${this.#copies.template}`);
      await withAdmin(onServer(this.#copies.url, `${name}_new`), own => own.query(BETWEEN_TESTS));
      await client.query(`alter database ${name}_new rename to ${name}`);
    });
  }
}

/** The connection that keeps a database, and that empties it. */
class Holder {
  readonly url: string;
  readonly #name: string;
  readonly #client: pg.Client;
  readonly #socket: Socket;

  private constructor(url: string, name: string, client: pg.Client, socket: Socket) {
    this.url = url;
    this.#name = name;
    this.#client = client;
    this.#socket = socket;
  }

  /** Undefined where another process has it. */
  static async of(url: string, name: string): Promise<Holder | undefined> {
    const socket = new Socket();
    const client = new pg.Client({ connectionString: url, options: CARELESS, stream: () => socket });
    client.on('error', () => undefined);
    try {
      await client.connect();
      const { rows } = await client.query<{ mine: boolean }>('select pg_try_advisory_lock($1) as mine', [LOCK.held]);
      if (rows[0]?.mine === true) return new Holder(url, name, client, socket);
    } catch {
      // Its holder has dropped it meanwhile.
    }
    await client.end().catch(() => undefined);
    return undefined;
  }

  /** False where the database cannot be made what it was. */
  async reset(): Promise<boolean> {
    // A process that has nothing but this connection is one that ends.
    this.#socket.ref();
    const { rows } = await this.#client.query<{ is_whole: boolean }>('select between_tests.reset() as is_whole');
    this.#socket.unref();
    return rows[0]?.is_whole === true;
  }

  /** Nobody else gets it before it is gone: this connection ends with it. */
  async drop(adminUrl: string): Promise<void> {
    await withAdmin(adminUrl, client => client.query(`drop database ${this.#name} with (force)`));
  }
}

/** The URL of another database on the same server. */
export function onServer(url: string, database: string): string {
  const own = new URL(url);
  own.pathname = `/${database}`;
  return own.href;
}

/** With a connection that is closed afterwards. */
export async function withAdmin(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
