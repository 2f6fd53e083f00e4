import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { systemRandom } from '../../src/base/random.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { Database } from '../../src/db/database.ts';
import { compose, type Running } from '../../src/main/compose.ts';
import type { Loose } from './accounts.ts';
import { CommandLine } from './command-line.ts';
import { borrowed, onEachDatabase } from './databases.ts';

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

export interface Answer {
  readonly status: number;
  readonly body: Loose;
}

/** A user with a session. Paths start with `/_`, or are below `/_synapse/admin/` or `/_matrix/client/`: `v1/...`, `c/v3/...`. */
export interface Caller {
  readonly id: string;
  readonly token: string;
  call(method: Method, path: string, body?: JsonObject): Promise<Answer>;
  /** The body of an answer that must be a success. */
  ok(method: Method, path: string, body?: JsonObject): Promise<Loose>;
  /** The answer must be this error. */
  refused(status: number, errcode: string, method: Method, path: string, body?: JsonObject): Promise<void>;
}

export const SERVER = 'one.example';
export const PASSWORD = 'a long password';
const SECRET = 'the secret of tests';

/** A whole server on a test's database, composed as in production, with open registration and an administrator. */
export class AdminWorld {
  readonly db: Database;
  readonly config: Config;
  readonly #running: Running;
  readonly #url: string;

  private constructor(db: Database, config: Config, running: Running) {
    this.db = db;
    this.config = config;
    this.#running = running;
    this.#url = running.listeners[0]?.url ?? assert.fail('the server does not listen');
  }

  static async open(db: Database, t: TestContext, settings: Partial<Config> = {}): Promise<AdminWorld> {
    const folder = mkdtempSync(join(tmpdir(), 'copse-admin-'));
    const from = { config: undefined, data: undefined, noColor: true };
    const base = loadConfig({ data: join(folder, 'data'), name: SERVER, port: '0' }, from);
    const config: Config = {
      ...base,
      password_hashing: { memory: 65_536, passes: 1 },
      registration: { ...base.registration, mode: 'open' },
      rate_limits: 'off',
      registration_shared_secret: SECRET,
      federation: { ...base.federation, enabled: false },
      ...settings,
    };
    const environment = {
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      metrics: undefined,
      version: 'test',
    };
    const running = await compose(config, { ...environment, openDatabase: async () => borrowed(db) });
    t.after(async () => {
      await running[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    });
    return new AdminWorld(db, config, running);
  }

  /** Where it listens. */
  get url(): string {
    return this.#url;
  }

  /** Runs commands on this server, also once it is stopped. */
  get copse(): CommandLine {
    return new CommandLine(this.config, this.db);
  }

  async call(method: Method, path: string, token: string, body?: JsonObject): Promise<Answer> {
    const response = await fetch(this.#url + fullPath(path), {
      method,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Loose };
  }

  /** Uploads a file; answers its media ID. */
  async upload(by: Caller, bytes: string, name: string, type = 'text/plain'): Promise<string> {
    const response = await fetch(`${this.#url}/_matrix/media/v3/upload?filename=${encodeURIComponent(name)}`, {
      method: 'POST',
      headers: { 'content-type': type, authorization: `Bearer ${by.token}` },
      body: bytes,
    });
    const { content_uri: uri } = (await response.json()) as { content_uri: string };
    return uri.split('/').at(-1) ?? assert.fail('no URI came back');
  }

  /** The status with which a file is served. */
  async download(by: Caller, mediaId: string): Promise<number> {
    const response = await fetch(`${this.#url}/_matrix/client/v1/media/download/${SERVER}/${mediaId}`, {
      headers: { authorization: `Bearer ${by.token}` },
    });
    await response.arrayBuffer();
    return response.status;
  }

  /** Registers a user. */
  async user(username: string): Promise<Caller> {
    const auth = { type: 'm.login.dummy' };
    const made = await this.call('POST', 'c/v3/register', 'none', { username, password: PASSWORD, auth });
    assert.equal(made.status, 200, JSON.stringify(made.body));
    return this.caller(String(made.body.user_id), String(made.body.access_token));
  }

  /** Makes an administrator, whatever registration says. */
  async admin(username: string): Promise<Caller> {
    const { nonce } = (await this.call('GET', 'v1/register', 'none')).body;
    const mac = createHmac('sha1', SECRET).update([nonce, username, PASSWORD, 'admin'].join('\0')).digest('hex');
    const body = { nonce: String(nonce), username, password: PASSWORD, admin: true, mac };
    const made = await this.call('POST', 'v1/register', 'none', body);
    assert.equal(made.status, 200, JSON.stringify(made.body));
    return this.caller(String(made.body.user_id), String(made.body.access_token));
  }

  async logIn(username: string, password = PASSWORD): Promise<Caller> {
    const identifier = { type: 'm.id.user', user: username };
    const answer = await this.call('POST', 'c/v3/login', 'none', { type: 'm.login.password', identifier, password });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return this.caller(String(answer.body.user_id), String(answer.body.access_token));
  }

  caller(id: string, token: string): Caller {
    const call: Caller['call'] = (method, path, body) => this.call(method, path, token, body);
    return {
      id,
      token,
      call,
      async ok(method, path, body) {
        const { status, body: answer } = await call(method, path, body);
        assert.ok(status === 200 || status === 201, `${method} ${path}: ${status} ${JSON.stringify(answer)}`);
        return answer;
      },
      async refused(status, errcode, method, path, body) {
        const answer = await call(method, path, body);
        assert.deepEqual([answer.status, answer.body.errcode], [status, errcode], JSON.stringify(answer.body));
      },
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#running[Symbol.asyncDispose]());
  }
}

/** Asks until the answer is what is waited for; the last one, if that does not come within a minute. */
export async function eventually(ask: () => Promise<Loose>, isThere: (answer: Loose) => boolean): Promise<Loose> {
  for (let tries = 0; ; tries++) {
    const answer = await ask();
    if (isThere(answer) || tries === 3000) return answer;
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

/** Waits for the end of a task. */
export function over(caller: Caller, path: string): Promise<Loose> {
  return eventually(
    () => caller.ok('GET', path),
    answer => ['complete', 'failed'].includes(String(answer.status)),
  );
}

/** Registers a test of the administration API on each database. */
export function withAdmin(
  title: string,
  run: (world: AdminWorld, root: Caller, t: TestContext) => Promise<void>,
  settings: Partial<Config> = {},
): void {
  onEachDatabase(title, async (db, t) => {
    const world = await AdminWorld.open(db, t, settings);
    await run(world, await world.admin('root'), t);
  });
}

function fullPath(path: string): string {
  if (path.startsWith('/')) return path;
  return path.startsWith('c/') ? `/_matrix/client/${path.slice(2)}` : `/_synapse/admin/${path}`;
}
