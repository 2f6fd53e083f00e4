import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Diagnosis } from '../../../src/federation/doctor/diagnose.ts';
import type { Done } from '../../../src/federation/doctor/report.ts';
import { ApiUser, apiOf, eventually } from '../../federation/api-user.ts';
import { Synapse, USER_PASSWORD } from '../../federation/synapse.ts';
import { type Certified, TestAuthority } from '../../support/certificates.ts';
import { RunningServer } from '../../support/running-server.ts';
import { emptyDns } from '../empty-dns.ts';
import { Nginx } from '../nginx.ts';

const MAIN = fileURLToPath(new URL('../../../src/main/main.ts', import.meta.url));
export const COPSE = 'copse.test';
export const SYNAPSE = 'synapse.test:8449';
/** Where the names of this world lead. */
export const HOSTS = { [COPSE]: '127.0.0.1', 'synapse.test': '127.0.0.1' };

/** Synapse gives Copse up at the first failure, and its next try is a day away: no wait, and no luck. */
const FAR_AWAY = {
  federation: {
    destination_min_retry_interval: '1d',
    destination_max_retry_interval: '1d',
    max_long_retries: 0,
    max_short_retries: 0,
  },
};

/** What `copse doctor federation --json` prints. */
export interface Examined {
  readonly diagnosis: Diagnosis;
  readonly done: readonly Done[];
  readonly after?: Diagnosis;
}

/**
 * A Copse behind a real nginx with TLS, found by `.well-known`, and a real Synapse, on loopback of a network of our own. A
 * user of each is in two rooms.
 */
export class SynapseWorld implements AsyncDisposable {
  readonly copse: RunningServer;
  readonly synapse: Synapse;
  readonly nginx: Nginx;
  readonly authority: TestAuthority;
  readonly #between: TestAuthority;
  readonly #leaf: Certified;
  readonly #stack: AsyncDisposableStack;
  carl!: ApiUser;
  sue!: ApiUser;
  rooms: readonly [string, string] = ['', ''];

  private constructor(parts: Pick<SynapseWorld, 'copse' | 'synapse' | 'nginx' | 'authority'>, own: Own) {
    this.copse = parts.copse;
    this.synapse = parts.synapse;
    this.nginx = parts.nginx;
    this.authority = parts.authority;
    this.#between = own.between;
    this.#leaf = own.leaf;
    this.#stack = own.stack;
  }

  /** Everything works, and both have said something. */
  static async open(retry: { readonly initial: string; readonly longest: string }): Promise<SynapseWorld> {
    const stack = new AsyncDisposableStack();
    stack.use(await emptyDns());
    const authority = new TestAuthority();
    const between = new TestAuthority('Between', authority);
    const leaf = between.issue({ names: [COPSE] });
    const folder = mkdtempSync(join(tmpdir(), 'copse-doctor-'));
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(join(folder, 'ca.pem'), authority.certificate);
    const copse = stack.use(new RunningServer({ config: settings(join(folder, 'ca.pem'), retry) }));
    const synapse = stack.use(
      new Synapse({ authority, host: 'synapse.test', ports: { client: 8080, federation: 8449 }, config: FAR_AWAY }),
    );
    await Promise.all([copse.restart(), synapse.start()]);
    const nginx = stack.use(await Nginx.open(chained(leaf, between), rightSettings(copse.url), 443));
    const world = new SynapseWorld({ copse, synapse, nginx, authority }, { between, leaf, stack });
    await world.#people();
    return world;
  }

  async #people(): Promise<void> {
    const body = JSON.stringify({ username: 'carl', password: USER_PASSWORD, auth: { type: 'm.login.dummy' } });
    const headers = { 'content-type': 'application/json' };
    const made = await fetch(`${this.copse.url}/_matrix/client/v3/register`, { method: 'POST', headers, body });
    this.carl = new ApiUser(this.copse.url, await apiOf(made));
    this.sue = await this.synapse.user('sue');
    this.rooms = [await this.#sharedRoom(this.sue, this.carl), await this.#sharedRoom(this.carl, this.sue)];
    await this.greets('before anything');
  }

  async #sharedRoom(host: ApiUser, visitor: ApiUser): Promise<string> {
    const room = await host.createRoom({ preset: 'public_chat' });
    await visitor.enter(room, host.server);
    return room;
  }

  /** Somebody of Synapse says something in both rooms, which Synapse brings by itself. Whether it came in time. */
  async greets(body: string, longestMs = 30_000): Promise<boolean> {
    for (const room of this.rooms) await this.sue.say(room, body);
    const came = (room: string) =>
      eventually(body, async () => (await this.carl.bodies(room)).includes(body), longestMs).then(
        () => true,
        () => false,
      );
    return (await Promise.all(this.rooms.map(came))).every(Boolean);
  }

  /** How many messages that begin with a word a user has of both rooms, each once. */
  async count(user: ApiUser, word: string): Promise<number> {
    const bodies = await Promise.all(this.rooms.map(room => user.bodies(room)));
    return bodies.flatMap(each => [...new Set(each)].filter(body => body.startsWith(`${word} `))).length;
  }

  /** nginx as docs/reverse-proxy.md has it. */
  async mendFront(): Promise<void> {
    await this.nginx.put(this.chain, rightSettings(this.copse.url));
  }

  get chain(): Certified {
    return chained(this.#leaf, this.#between);
  }

  get leafAlone(): Certified {
    return this.#leaf;
  }

  /** A command, as an operator calls it. */
  async copseCommand(...words: readonly string[]): Promise<string> {
    const { configFile, dataDir } = this.copse;
    const args = [MAIN, ...words, '--config', configFile, '--data', dataDir];
    return new Promise(resolve =>
      execFile(process.execPath, args, { maxBuffer: 64 * 1024 ** 2 }, (_, stdout, stderr) => resolve(stdout + stderr)),
    );
  }

  async examine(...more: readonly string[]): Promise<Examined> {
    return JSON.parse(await this.copseCommand('doctor', 'federation', SYNAPSE, '--json', ...more)) as Examined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

interface Own {
  readonly between: TestAuthority;
  readonly leaf: Certified;
  readonly stack: AsyncDisposableStack;
}

export function rightSettings(upstream: string, more = 'client_max_body_size 60m;', slash = ''): string {
  return `${more} location / { proxy_pass ${upstream}${slash}; proxy_http_version 1.1; proxy_set_header Host $host; }`;
}

function chained(leaf: Certified, { certificate }: TestAuthority): Certified {
  return { certificate: leaf.certificate + certificate, key: leaf.key };
}

function settings(ca: string, retry: { readonly initial: string; readonly longest: string }) {
  return {
    server_name: COPSE,
    public_base_url: `https://${COPSE}`,
    tls: { extra_ca: [ca] },
    allowed_private_addresses: { federation: ['127.0.0.0/8', '::1'] },
    federation: { trusted_key_servers: [], retry, watch: { enabled: false } },
  };
}
