import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { TestAuthority } from '../support/certificates.ts';
import { ApiUser, apiOf } from './api-user.ts';
import { synapsePython } from './install-synapse.ts';

/** Of every account that the tests make. */
export const USER_PASSWORD = 'a long password';
const SHARED_SECRET = 'the shared secret of tests';
const LONGEST_START_MS = 240_000;
/** As good as none. */
const NO_LIMIT = { per_second: 10_000, burst_count: 100_000 };

export interface SynapseOptions {
  readonly authority: TestAuthority;
  /** For clients, and for other servers. */
  readonly ports: { readonly client: number; readonly federation: number };
  readonly config?: Readonly<Record<string, unknown>>;
  /** `localhost` unless given; it has to lead to this machine. */
  readonly host?: string;
  /** The address at which other servers come; loopback unless given. */
  readonly bind?: string;
}

/** A real Synapse on SQLite, with TLS for other servers by the tests' authority, in a process of its own. */
export class Synapse implements AsyncDisposable {
  readonly name: string;
  readonly url: string;
  /** What it keeps, its database among it. */
  readonly folder = mkdtempSync(join(tmpdir(), 'copse-synapse-'));
  readonly #python: string;
  #child: ChildProcess | undefined;

  /** @throws NoPython */
  constructor({ authority, ports, config = {}, host = 'localhost', bind = '127.0.0.1' }: SynapseOptions) {
    this.#python = synapsePython();
    this.name = `${host}:${ports.federation}`;
    this.url = `http://127.0.0.1:${ports.client}`;
    const { certificate, key } = authority.issue({ names: [host, 'localhost', '127.0.0.1'] });
    const file = (name: string, text: string) => {
      writeFileSync(join(this.folder, name), text);
      return join(this.folder, name);
    };
    const settings = {
      ...this.#settings(ports, bind),
      tls_certificate_path: file('server.crt', certificate),
      tls_private_key_path: file('server.key', key),
      federation_custom_ca_list: [file('ca.crt', authority.certificate)],
      log_config: file('log.yaml', JSON.stringify(logSettings(join(this.folder, 'synapse.log')))),
      ...config,
    };
    file('homeserver.yaml', JSON.stringify(settings));
    process.once('exit', this.#killChild);
  }

  get log(): string {
    return readFileSync(join(this.folder, 'synapse.log'), 'utf8');
  }

  async start(): Promise<this> {
    const output = openSync(join(this.folder, 'output.log'), 'a');
    const args = ['-m', 'synapse.app.homeserver', '-c', join(this.folder, 'homeserver.yaml'), '--generate-keys'];
    const keys = spawn(this.#python, args, { stdio: ['ignore', output, output], cwd: this.folder });
    await once(keys, 'exit');
    this.#child = spawn(this.#python, args.slice(0, -1), { stdio: ['ignore', output, output], cwd: this.folder });
    closeSync(output);
    await this.#ready(this.#child);
    return this;
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    await exit;
  }

  /** Makes an account through the shared secret, and logs in. */
  async user(username: string): Promise<ApiUser> {
    const path = `${this.url}/_synapse/admin/v1/register`;
    const { nonce } = (await (await fetch(path)).json()) as { nonce: string };
    const password = USER_PASSWORD;
    const mac = createHmac('sha1', SHARED_SECRET).update(`${nonce}\0${username}\0${password}\0notadmin`).digest('hex');
    const body = JSON.stringify({ nonce, username, password, admin: false, mac });
    const made = await apiOf(await fetch(path, { method: 'POST', body }));
    return new ApiUser(this.url, made);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    process.off('exit', this.#killChild);
    rmSync(this.folder, { recursive: true, force: true });
  }

  readonly #killChild = () => {
    this.#child?.kill('SIGKILL');
  };

  async #ready(child: ChildProcess): Promise<void> {
    const deadline = AbortSignal.timeout(LONGEST_START_MS);
    while (!deadline.aborted && child.exitCode === null) {
      const isUp = await fetch(`${this.url}/_matrix/client/versions`).then(
        answer => answer.ok,
        () => false,
      );
      if (isUp) return;
      await wait(100);
    }
    throw new Error(`Synapse did not come up: ${readFileSync(join(this.folder, 'output.log'), 'utf8').slice(-3000)}`);
  }

  #settings(ports: SynapseOptions['ports'], bind: string) {
    const listener = { type: 'http', bind_addresses: ['127.0.0.1'] };
    return {
      server_name: this.name,
      pid_file: join(this.folder, 'synapse.pid'),
      signing_key_path: join(this.folder, 'signing.key'),
      media_store_path: join(this.folder, 'media'),
      public_baseurl: `${this.url}/`,
      listeners: [
        { ...listener, port: ports.client, tls: false, resources: [{ names: ['client', 'media'] }] },
        {
          ...listener,
          bind_addresses: [bind],
          port: ports.federation,
          tls: true,
          resources: [{ names: ['federation', 'media'] }],
        },
      ],
      database: { name: 'sqlite3', args: { database: join(this.folder, 'homeserver.db') } },
      registration_shared_secret: SHARED_SECRET,
      macaroon_secret_key: 'a secret of tests',
      form_secret: 'another secret of tests',
      report_stats: false,
      trusted_key_servers: [],
      suppress_key_server_warning: true,
      ip_range_blacklist: [],
      federation_ip_range_blacklist: [],
      allow_public_rooms_over_federation: true,
      room_list_publication_rules: [{ action: 'allow' }],
      bcrypt_rounds: 4,
      // Otherwise it answers a first sync with what it answered two minutes ago.
      caches: { sync_response_cache_duration: '0s' },
      ...limits(),
    };
  }
}

function limits() {
  const two = { local: NO_LIMIT, remote: NO_LIMIT };
  return {
    rc_message: NO_LIMIT,
    rc_room_creation: NO_LIMIT,
    rc_registration: NO_LIMIT,
    rc_login: { address: NO_LIMIT, account: NO_LIMIT, failed_attempts: NO_LIMIT },
    rc_joins: two,
    rc_presence: { per_user: NO_LIMIT },
    rc_joins_per_room: NO_LIMIT,
    rc_invites: { per_room: NO_LIMIT, per_user: NO_LIMIT, per_issuer: NO_LIMIT },
    rc_federation: { window_size: 1000, sleep_limit: 10_000, sleep_delay: 0, reject_limit: 10_000, concurrent: 20 },
  };
}

function logSettings(filename: string) {
  return {
    version: 1,
    disable_existing_loggers: false,
    formatters: { plain: { format: '%(asctime)s %(levelname)s %(name)s %(message)s' } },
    handlers: { file: { class: 'logging.FileHandler', formatter: 'plain', filename } },
    root: { level: process.env.COPSE_TEST_SYNAPSE_LOG ?? 'INFO', handlers: ['file'] },
  };
}
