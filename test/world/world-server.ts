import { cpSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { silentLog } from '../../src/base/log.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { Database } from '../../src/db/database.ts';
import { SqliteDatabase } from '../../src/db/sqlite.ts';
import type { HttpServer } from '../../src/http/server.ts';
import { compose, type Running } from '../../src/main/compose.ts';
import { MortalDatabase, type Plant } from './mortal-database.ts';
import { SeededRandom } from './seeded-random.ts';
import type { SimulatedTime } from './simulated-clock.ts';
import type { SimulatedNetwork } from './simulated-network.ts';

export interface WorldParts {
  readonly time: SimulatedTime;
  readonly network: SimulatedNetwork;
  /** Where the data folders are. */
  readonly folder: string;
  readonly seed: number;
  /** A bug for this world to find. */
  readonly plant?: Plant | undefined;
}

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

  constructor(name: string, parts: WorldParts) {
    this.name = name;
    this.#parts = parts;
    mkdirSync(this.#folder(0), { recursive: true, mode: 0o700 });
  }

  get isRunning(): boolean {
    return this.#life !== undefined;
  }

  get db(): Database {
    return this.#alive().db;
  }

  async start(): Promise<void> {
    const { time, network, seed, plant } = this.#parts;
    const end = new AbortController();
    const random = new SeededRandom(seed * 1000 + this.#lives * 10 + this.name.charCodeAt(0));
    const data = this.#folder(this.#lives);
    const from = { config: undefined, data: undefined, noColor: true };
    const config = loadConfig({ data, name: this.name, port: '0' }, from);
    const onActivity = () => time.activity++;
    const open = () => {
      const inner = new SqliteDatabase({ file: join(data, 'copse.db'), synchronous: 'off' });
      return new MortalDatabase(inner, end.signal, onActivity, plant);
    };
    let db: Database | undefined;
    let http: HttpServer | undefined;
    const running = await compose(
      {
        ...config,
        metrics: { ...config.metrics, enabled: false },
        password_hashing: { memory: 65_536, passes: 1 },
        registration: { ...config.registration, mode: 'open' },
        rate_limits: 'off',
        federation: { ...config.federation, trusted_key_servers: [] },
      },
      {
        clock: time.clock(end.signal),
        random,
        log: silentLog,
        metrics: undefined,
        version: 'world',
        openDatabase: async () => {
          db = open();
          return db;
        },
        listen: async server => {
          http = server;
          await server.app.ready();
          return `https://${this.name}`;
        },
        carry: network.carryFor(this.name, end.signal),
      },
    );
    if (http === undefined || db === undefined) throw new Error('the server did not ask for what it needs');
    network.attach(this.name, http);
    this.#life = { end, running, http, db };
  }

  /** From one moment to the next nothing of it is there but its disk. */
  async crash(): Promise<void> {
    const life = this.#alive();
    this.#parts.network.detach(this.name);
    life.end.abort(new Error('the server has crashed'));
    this.#life = undefined;
    // What the database was in the middle of has been undone by then; the ghost may take its time.
    await new Promise(resolve => setImmediate(resolve));
    await new Promise(resolve => setImmediate(resolve));
    const before = this.#folder(this.#lives++);
    cpSync(before, this.#folder(this.#lives), { recursive: true, filter: isKept });
    void life.running[Symbol.asyncDispose]().then(
      () => rmSync(before, { recursive: true, force: true }),
      () => undefined,
    );
  }

  async stop(): Promise<void> {
    const life = this.#life;
    if (life === undefined) return;
    this.#parts.network.detach(this.name);
    this.#life = undefined;
    life.end.abort(new Error('the world ends'));
    await Promise.race([life.running[Symbol.asyncDispose]().then(undefined, () => undefined), turns(50)]);
  }

  /** A request of a client. */
  async call(method: 'GET' | 'PUT' | 'POST', path: string, token: string, body?: JsonObject): Promise<Answer> {
    const { http, end } = this.#alive();
    const { time } = this.#parts;
    time.activity++;
    const response = await http.app.inject({
      method,
      url: `/_matrix/client${path}`,
      headers: token === '' ? {} : { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { payload: body as object }),
    });
    time.activity++;
    // The answer of a ghost never reached anybody.
    if (end.signal.aborted) throw end.signal.reason;
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
