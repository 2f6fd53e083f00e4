import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Accounts } from '../../src/accounts/accounts.ts';
import type { AccountPorts } from '../../src/accounts/ports.ts';
import type { LimitRates } from '../../src/accounts/rate-limits.ts';
import { type AccountSettings, defaultAccountSettings } from '../../src/accounts/settings.ts';
import type { Clock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { systemRandom } from '../../src/base/random.ts';
import { type Bus, LocalBus } from '../../src/bus/bus.ts';
import type { ServerName, UserId } from '../../src/core/ids.ts';
import type { Database } from '../../src/db/database.ts';
import { accountRoutes } from '../../src/http/client/account/routes.ts';
import { accountDataRoutes } from '../../src/http/client/account-data/routes.ts';
import { profileRoutes } from '../../src/http/client/profile/routes.ts';
import { threepidRoutes } from '../../src/http/client/threepids/routes.ts';
import { HttpServer } from '../../src/http/server.ts';
import { mailPageRoutes } from '../../src/http/site/mail-page.ts';
import { synapseRegisterRoutes } from '../../src/http/synapse/register.ts';
import { PushRules } from '../../src/push/push-rules.ts';
import { Nids } from '../../src/rooms/nids.table.ts';
import { testBudget } from './budget.ts';
import { openSqlite } from './databases.ts';

export const SERVER_NAME = 'copse.test' as ServerName;
export const SHARED_SECRET = 'a shared secret of tests';
export const PASSWORD = 'correct horse';

/** A clock that stands still until it is moved. Timers run when `advance` passes them. */
export class TestClock implements Clock {
  #ms = 1_700_000_000_000;
  #timers: { readonly at: number; readonly run: () => void }[] = [];

  /** How far the time of day is ahead, where somebody has set it. */
  aheadMs = 0;

  now = () => this.#ms + this.aheadMs;
  monotonic = () => this.#ms;

  after(ms: number, run: () => void) {
    const timer = { at: this.#ms + ms, run };
    this.#timers.push(timer);
    return { cancel: () => (this.#timers = this.#timers.filter(other => other !== timer)) };
  }

  /** In how many milliseconds each timer is due: who is waited for has come so far. */
  get dueIn(): readonly number[] {
    return this.#timers.map(({ at }) => at - this.#ms);
  }

  advance(ms: number): void {
    this.#ms += ms;
    const due = this.#timers.filter(timer => timer.at <= this.#ms);
    this.#timers = this.#timers.filter(timer => timer.at > this.#ms);
    for (const timer of due) timer.run();
  }
}

/** JSON of which tests read what they expect. */
export interface Loose {
  readonly [key: string]: Loose;
}

export interface Answer {
  readonly status: number;
  readonly body: Loose;
  readonly headers: Readonly<Record<string, unknown>>;
}

export interface CallOptions {
  readonly token?: string;
  readonly body?: unknown;
  /** A body sent as it is. */
  readonly raw?: string;
  readonly ip?: string;
  readonly headers?: Record<string, string>;
}

export interface TestUser {
  readonly id: UserId;
  readonly token: string;
  readonly device: string;
}

/** The part `accounts` with its endpoints over HTTP, on a real database, with cheap passwords and a clock of its own. */
export class AccountsWorld implements AsyncDisposable {
  readonly db: Database;
  readonly clock = new TestClock();
  readonly bus: Bus;
  readonly nids = new Nids(testBudget());
  readonly accounts: Accounts;
  readonly server: HttpServer;
  /** What handlers threw that is no Matrix error. */
  readonly unforeseen: unknown[] = [];

  constructor(
    db: Database,
    settings: Partial<AccountSettings> = {},
    ports: Partial<AccountPorts> = {},
    bus: Bus = new LocalBus(error => assert.fail(String(error))),
  ) {
    this.db = db;
    this.bus = bus;
    this.accounts = new Accounts({
      db,
      nids: this.nids,
      bus: this.bus,
      clock: this.clock,
      random: systemRandom,
      log: silentLog,
      budget: testBudget(),
      serverName: SERVER_NAME,
      settings: {
        ...defaultAccountSettings,
        registration: 'open',
        registrationSharedSecret: SHARED_SECRET,
        passwords: { memoryKib: 8, passes: 1, minimumLength: 8 },
        ...settings,
      },
      ports,
    });
    this.server = new HttpServer({
      log: { ...silentLog, error: (_, fields) => this.unforeseen.push(fields?.err) },
      authenticate: (token, request) => this.accounts.authenticate(token, request),
      countRequest: (limit, who, ip) => this.accounts.limits.count(limit, who, ip),
      trustedProxies: ['127.0.0.1'],
    });
    const parts = { accounts: this.accounts };
    this.server.add([
      ...accountRoutes(parts),
      ...profileRoutes(parts),
      ...accountDataRoutes({ ...parts, pushRules: new PushRules({ db, bus }) }),
      ...synapseRegisterRoutes(parts),
      ...threepidRoutes(this.accounts),
      ...mailPageRoutes({ validations: this.accounts.validations, serverName: SERVER_NAME }),
    ]);
  }

  /** `path` starts with `/_`, or is one below `/_matrix/client/v3/`. */
  async call(method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, options: CallOptions = {}): Promise<Answer> {
    const url = path.startsWith('/_') ? path : `/_matrix/client/v3/${path}`;
    const headers: Record<string, string> = { ...options.headers };
    if (options.token !== undefined) headers.authorization = `Bearer ${options.token}`;
    if (options.ip !== undefined) headers['x-forwarded-for'] = options.ip;
    const payload = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
    const answer = await this.server.app.inject({ method, url, headers, ...(payload !== undefined && { payload }) });
    return { status: answer.statusCode, body: answer.body === '' ? {} : answer.json<Loose>(), headers: answer.headers };
  }

  /** Registers and logs in. */
  async user(username: string, password = PASSWORD): Promise<TestUser> {
    const body = { username, password, auth: { type: 'm.login.dummy' } };
    const answer = await this.call('POST', 'register', { body });
    assert.equal(answer.status, 200, `${JSON.stringify(answer.body)} ${this.unforeseen.map(String)}`);
    const { user_id, access_token, device_id } = answer.body;
    return { id: String(user_id) as UserId, token: String(access_token), device: String(device_id) };
  }

  async admin(username: string): Promise<TestUser> {
    const user = await this.user(username);
    const { userNid } = await this.accounts.users.require(user.id);
    await this.db.tx(tx => this.accounts.users.setFlag(tx, userNid, 'is_admin', true));
    return { ...user, token: String((await this.login(username)).body.access_token) };
  }

  login(user: string, more: Record<string, unknown> = {}, ip?: string): Promise<Answer> {
    const body = { type: 'm.login.password', identifier: { type: 'm.id.user', user }, password: PASSWORD, ...more };
    return this.call('POST', 'login', { body, ...(ip !== undefined && { ip }) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    await this.accounts[Symbol.asyncDispose]();
  }
}

/** Runs a test of endpoints on SQLite; what differs between databases is tested on both, beside the tables. */
export function withAccounts(
  title: string,
  run: (world: AccountsWorld) => Promise<void>,
  settings: Partial<AccountSettings> = {},
): void {
  test(title, async () => {
    await using opened = await openSqlite();
    await using world = new AccountsWorld(opened.db, settings);
    await run(world);
  });
}

export function assertError(answer: Answer, status: number, errcode: string): void {
  assert.deepEqual([answer.status, answer.body.errcode], [status, errcode], JSON.stringify(answer.body));
}

/** Rates that no test reaches, but for those given. */
export function ratesWith(rates: Partial<LimitRates>): LimitRates {
  const wide = { per_second: 1000, burst: 1000 };
  const names = {
    message: wide,
    registration: wide,
    registration_network: wide,
    registration_total: wide,
    login: wide,
    join: wide,
    invite: wide,
    create_room: wide,
    media_upload: wide,
    media_download: wide,
    profile: wide,
    keys: wide,
    search: wide,
    report: wide,
    mail: wide,
    other: wide,
  };
  return { ...names, ...rates };
}
