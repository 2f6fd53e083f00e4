import { hash } from 'node:crypto';
import { copyFileSync, cpSync, existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Log } from '../../src/base/log.ts';
import { nodeCrypto } from '../../src/base/node-crypto.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import type { Identity } from '../../src/core/identity.ts';
import type { ServerName } from '../../src/core/ids.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { Database } from '../../src/db/database.ts';
import { SqliteDatabase } from '../../src/db/sqlite.ts';
import type { HttpServer } from '../../src/http/server.ts';
import { compose, type Running } from '../../src/main/compose.ts';
import { openDataFolder } from '../../src/main/data-folder.ts';
import type { Chronicle } from './chronicle.ts';
import { MortalDatabase, type Plant } from './mortal-database.ts';
import { SeededRandom } from './seeded-random.ts';
import type { SimulatedTime } from './simulated-clock.ts';
import { rejected, type SimulatedNetwork } from './simulated-network.ts';

export interface WorldParts {
  readonly time: SimulatedTime;
  readonly network: SimulatedNetwork;
  readonly chronicle: Chronicle;
  /** Where the data folders are. */
  readonly folder: string;
  /** A database with all tables and nothing in them, to begin with. */
  readonly template: string;
  readonly seed: number;
  /** The log of the server of that name. */
  readonly log: (server: string) => Log;
  /** A bug for this world to find. */
  readonly plant?: Plant | undefined;
}

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

export interface Answer {
  readonly status: number;
  readonly body: JsonObject;
}

/** From a start to a stop or a crash. */
interface Life {
  readonly end: AbortController;
  readonly running: Running;
  readonly http: HttpServer;
  readonly db: Database;
}

/** One server of a world, composed as in production. It can crash and come back with what was on its disk. */
export class WorldServer {
  readonly name: string;
  readonly #parts: WorldParts;
  #lives = 0;
  #life: Life | undefined;
  /** What is left of the life before, until the next one. */
  #ghost: Life | undefined;
  /** After so many commits it crashes in the middle of one. */
  #fuse: number | undefined;
  /** Whether it forgets the events that it acknowledges. */
  isForgetful = false;
  /** How far its clock is ahead, in milliseconds. */
  skewMs = 0;
  /** How likely it is that a commit finds the disk full. */
  fullness = 0;
  readonly #chances: SeededRandom;

  constructor(name: string, parts: WorldParts) {
    this.name = name;
    this.#parts = parts;
    this.#chances = new SeededRandom(parts.seed * 7 + name.charCodeAt(0));
    mkdirSync(this.#folder(0), { recursive: true, mode: 0o700 });
  }

  get isRunning(): boolean {
    return this.#life !== undefined;
  }

  get db(): Database {
    return this.#alive().db;
  }

  /** Copies its database, as a backup does. */
  async backUp(): Promise<string> {
    const copy = join(this.#parts.folder, `${this.name}.backup`);
    const running = this.#folder(this.#lives);
    // Whole, with what is in the log beside it.
    await this.db.tx(async () => {
      for (const end of ['', '-wal']) copyFileSync(join(running, `copse.db${end}`), `${copy}${end}`);
    });
    return copy;
  }

  /** Starts it, on what was on its disk when it crashed, or with the database that a backup has. */
  async start(backup?: string): Promise<void> {
    await this.#bury();
    if (backup !== undefined) this.#putBack(backup);
    const { time, network, seed, log } = this.#parts;
    const end = new AbortController();
    const data = this.#folder(this.#lives);
    let db: Database | undefined;
    let http: HttpServer | undefined;
    const running = await compose(this.#config(data), {
      clock: time.clock(end.signal, () => this.skewMs),
      random: new SeededRandom(seed * 1000 + this.#lives * 10 + this.name.charCodeAt(0)),
      log: log(this.name),
      metrics: undefined,
      version: 'world',
      openDatabase: async () => {
        db = this.#openDatabase(data, end.signal);
        return db;
      },
      listen: async server => {
        http = server;
        await server.app.ready();
        return `https://${this.name}`;
      },
      carry: network.carryFor(this.name, end.signal, () => this.fullness === 0),
      // Nobody guesses passwords here.
      argon2id: async ({ message, nonce }) => hash('sha256', Buffer.concat([message, nonce] as Uint8Array[]), 'buffer'),
    });
    if (http === undefined || db === undefined) throw new Error('the server did not ask for what it needs');
    network.attach(this.name, http);
    this.#life = { end, running, http, db };
  }

  #putBack(backup: string): void {
    const file = join(this.#folder(this.#lives), 'copse.db');
    for (const end of ['', '-wal', '-shm']) rmSync(`${file}${end}`, { force: true });
    for (const end of ['', '-wal']) copyFileSync(`${backup}${end}`, `${file}${end}`);
  }

  #config(data: string): Config {
    const from = { config: undefined, data: undefined, noColor: true };
    const config = loadConfig({ data, name: this.name, port: '0' }, from);
    return {
      ...config,
      metrics: { ...config.metrics, enabled: false },
      password_hashing: { memory: 65_536, passes: 1 },
      registration: { ...config.registration, mode: 'open' },
      rate_limits: 'off',
      federation: { ...config.federation, trusted_key_servers: [] },
    };
  }

  #openDatabase(data: string, life: AbortSignal): Database {
    const { time, plant, template } = this.#parts;
    const file = join(data, 'copse.db');
    if (!existsSync(file)) copyFileSync(template, file);
    return new MortalDatabase(new SqliteDatabase({ file, synchronous: 'off' }), {
      life,
      onActivity: () => time.activity++,
      onCommit: () => this.#burn(),
      isFull: () => this.fullness > 0 && this.#chances.chance(this.fullness),
      plant: statement =>
        this.isForgetful && /^\s*insert into inbox \(/.test(statement.text) ? 1 : plant?.(statement),
    });
  }

  /** From one moment to the next nothing of it is there but its disk. */
  crash(): void {
    const life = this.#alive();
    this.#parts.network.detach(this.name);
    life.end.abort(new Error('the server has crashed'));
    this.#ghost = life;
    this.#life = undefined;
    this.#fuse = undefined;
  }

  /** Has it crash in the middle of the transaction that comes after so many others; undefined: it does not. */
  crashAfter(commits: number | undefined): void {
    this.#fuse = commits;
  }

  #burn(): void {
    if (this.#fuse === undefined || this.#life === undefined) return;
    if (this.#fuse-- <= 0) this.crash();
  }

  async #bury(): Promise<void> {
    const ghost = this.#ghost;
    if (ghost === undefined) return;
    this.#ghost = undefined;
    // What the database was in the middle of has been undone by then; the ghost may take its time.
    await turns(2);
    const before = this.#folder(this.#lives++);
    cpSync(before, this.#folder(this.#lives), { recursive: true, filter: isKept });
    void ghost.running[Symbol.asyncDispose]().then(
      () => rmSync(before, { recursive: true, force: true }),
      () => undefined,
    );
  }

  /** What it signs with. */
  get identity(): Identity {
    const { serverName, signingKey } = openDataFolder(this.#folder(this.#lives), this.name, new SeededRandom(0));
    return { serverName: serverName as ServerName, signingKey, crypto: nodeCrypto };
  }

  async stop(): Promise<void> {
    const life = this.#life;
    if (life === undefined) return;
    this.#parts.network.detach(this.name);
    this.#life = undefined;
    life.end.abort(new Error('the world ends'));
    await Promise.race([life.running[Symbol.asyncDispose]().then(undefined, () => undefined), turns(50)]);
  }

  /** A request of a client. @throws the reason why the server's life ended */
  async call(method: Method, path: string, token: string, body?: JsonObject): Promise<Answer> {
    const { http, end } = this.#alive();
    const { time, chronicle } = this.#parts;
    time.activity++;
    const asking = http.app.inject({
      method,
      url: `/_matrix/client${path}`,
      headers: token === '' ? {} : { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { payload: body as object }),
    });
    // The answer of a ghost never reaches anybody.
    const response = await Promise.race([asking, rejected(end.signal)]);
    time.activity++;
    end.signal.throwIfAborted();
    chronicle.note(`${time.now} ${this.name} answers ${token} ${path} ${response.statusCode} ${response.body}`);
    return { status: response.statusCode, body: response.json() as JsonObject };
  }

  #folder(life: number): string {
    return join(this.#parts.folder, `${this.name}-${life}`);
  }

  #alive(): Life {
    if (this.#life === undefined) throw new Error(`${this.name} does not run`);
    return this.#life;
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(resolve => setImmediate(resolve));
}

/** What remains of a data folder when its server is gone: neither its lock nor its socket. */
function isKept(path: string): boolean {
  return basename(path) !== 'lock' && !statSync(path).isSocket();
}
