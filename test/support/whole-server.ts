import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { Metrics } from '../../src/base/metrics.ts';
import { systemRandom } from '../../src/base/random.ts';
import { LocalBus } from '../../src/bus/bus.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { Carry } from '../../src/federation/transport/federation-client.ts';
import { compose, type Running } from '../../src/main/compose.ts';
import type { Internet } from '../../src/main/compose-federation.ts';

export interface Reply {
  readonly status: number;
  readonly body: JsonObject;
}

/** A user with a session. */
export interface Client {
  readonly id: string;
  call(method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, body?: JsonObject): Promise<Reply>;
  /** The body of an answer that must be 200. */
  ok(method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, body?: JsonObject): Promise<JsonObject>;
}

export interface WholeServerOptions {
  /** `one.example` unless given. */
  readonly name?: string;
  /** Brings its requests to other servers. */
  readonly carry?: Carry;
  /** Files of registrations. */
  readonly appservices?: readonly string[];
  readonly presence?: boolean;
  /** DNS and web pages. */
  readonly internet?: Internet;
  /** Instead of those of every such server. */
  readonly settings?: Partial<Config>;
}

/** What ends with a test. */
export type Lifetime = Pick<TestContext, 'after'>;

/** A whole server in this process, composed as in production, with open registration on SQLite in a temporary folder. */
export class WholeServer {
  readonly #data: string;
  readonly #clock: Clock;
  readonly #options: WholeServerOptions;
  #running: Running | undefined;

  constructor(t: Lifetime, clock: Clock = systemClock, options: WholeServerOptions = {}) {
    this.#options = options;
    const folder = mkdtempSync(join(tmpdir(), 'copse-whole-'));
    this.#data = join(folder, 'data');
    this.#clock = clock;
    t.after(async () => {
      await this.stop();
      rmSync(folder, { recursive: true });
    });
  }

  async start(): Promise<this> {
    const from = { config: undefined, data: undefined, noColor: true };
    const config = loadConfig({ data: this.#data, name: this.#options.name ?? 'one.example', port: '0' }, from);
    this.#running = await compose(
      {
        ...config,
        metrics: { ...config.metrics, port: 0 },
        password_hashing: { memory: 65_536, passes: 1 },
        registration: { ...config.registration, mode: 'open' },
        rate_limits: 'off',
        appservices: [...(this.#options.appservices ?? [])],
        presence: this.#options.presence ?? false,
        ...this.#options.settings,
        ...this.#further,
      },
      {
        clock: this.#clock,
        random: systemRandom,
        log: silentLog,
        metrics: new Metrics(),
        version: 'test',
        ...(this.#options.carry && { carry: this.#options.carry }),
        ...(this.#options.internet && { internet: this.#options.internet }),
        ...(this.#further.cluster && { bus: new LocalBus(error => assert.fail(error as Error)) }),
      },
    );
    return this;
  }

  /** Further settings, from the next start on. */
  set(settings: Partial<Config>): void {
    this.#further = settings;
  }
  #further: Partial<Config> = {};

  /** The data folder. */
  get folder(): string {
    return this.#data;
  }

  async stop(): Promise<void> {
    await this.#running?.[Symbol.asyncDispose]();
    this.#running = undefined;
  }

  /** Where it listens; undefined while it does not run. */
  get url(): string | undefined {
    return this.#running?.listeners[0]?.url;
  }

  async call(method: string, path: string, token: string, body?: JsonObject): Promise<Reply> {
    const response = await fetch(`${this.url ?? assert.fail('the server does not run')}/_matrix/client${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...(token === '' ? {} : { authorization: `Bearer ${token}` }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as JsonObject };
  }

  /** Registers a user. */
  async user(username: string): Promise<Client> {
    const body = { username, password: 'a long password', auth: { type: 'm.login.dummy' } };
    const { status, body: made } = await this.call('POST', '/v3/register', '', body);
    assert.equal(status, 200, JSON.stringify(made));
    const token = String(made.access_token);
    return {
      id: String(made.user_id),
      call: (method, path, body) => this.call(method, path, token, body),
      ok: async (method, path, body) => {
        const reply = await this.call(method, path, token, body);
        assert.equal(reply.status, 200, `${method} ${path}: ${JSON.stringify(reply.body)}`);
        return reply.body;
      },
    };
  }
}
