import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { Front, FrontSettings } from '../../src/front/front.ts';
import { haproxyText } from '../../src/front/haproxy.ts';
import { type FrontProgram, type Installed, installText } from '../../src/front/install.ts';
import { nginxText } from '../../src/front/nginx.ts';
import { type Route, routesOf } from '../../src/front/route.ts';
import type { Service } from '../../src/front/services.ts';
import { REQUEST_ROLES, type RequestRole } from '../../src/http/role.ts';
import { listEndpoints } from '../../src/main/list-endpoints.ts';
import { TestAuthority } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { settingsFor } from './front-settings.ts';
import { nginxVersion, type ProgramName } from './programs.ts';
import { Recorder } from './recorder.ts';

/** Where clients come. */
export const HOST = 'matrix.example.test';
/** The server's name, under which something else lives. */
export const SERVER_NAME = 'example.test';
export const WIKI = 'wiki.example.test';

const LONGEST_START_MS = 60_000;

/** What stands behind the front. */
export interface Behind {
  readonly recorder: Pick<Recorder, 'name' | 'address'>;
  readonly roles?: readonly RequestRole[];
  readonly isDraining?: boolean;
}

/** A real nginx or HAProxy with a generated configuration, with TLS on loopback. */
export class FrontWorld {
  readonly program: ProgramName;
  readonly authority = new TestAuthority();
  httpsPort = 0;
  federationPort = 0;
  plainPort = 0;
  readonly #folder = mkdtempSync(join(tmpdir(), 'copse-front-'));
  #routes: readonly Route[] = [];
  #child: ChildProcess | undefined;

  private constructor(program: ProgramName) {
    this.program = program;
  }

  /** It is gone when the test is over. */
  static async open(
    t: TestContext,
    program: ProgramName,
    behind: readonly Behind[],
    services: readonly Service[] = [],
  ) {
    const world = new FrontWorld(program);
    t.after(() => world.#close());
    world.httpsPort = await freePort();
    world.federationPort = await freePort();
    world.plainPort = await freePort();
    world.#routes = routesOf(await listEndpoints(settingsFor('one.example')));
    world.#prepare();
    await installText(world.#file, world.text(behind, services), { ...world.#program, reload: ['true'] });
    world.#start();
    await world.#ready();
    return world;
  }

  /** Changes what stands behind it as an operator's tool does. */
  async change(behind: readonly Behind[], services: readonly Service[] = []): Promise<Installed> {
    return this.install(this.text(behind, services));
  }

  /** Puts a text in place. @throws FrontError when it is refused */
  install(text: string): Promise<Installed> {
    return installText(this.#file, text, this.#program);
  }

  /** The generated file. */
  get configuration(): string {
    return readFileSync(this.#file, 'utf8');
  }

  /** All that nginx wrote to its log. HAProxy is told to keep none. */
  get log(): string {
    return this.program === 'nginx' ? readFileSync(join(this.#folder, 'error.log'), 'utf8') : '';
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get #file(): string {
    return join(this.#folder, 'copse.conf');
  }

  get #socket(): string {
    return join(this.#folder, 'admin.sock');
  }

  get #program(): FrontProgram {
    const main = join(this.#folder, 'main.conf');
    if (this.program === 'nginx')
      return { check: ['nginx', '-q', '-t', '-c', main], reload: ['nginx', '-s', 'reload', '-c', main] };
    return {
      check: ['haproxy', '-c', '-f', this.#file],
      reload: ['kill', '-USR2', String(this.pid)],
      socket: this.#socket,
    };
  }

  /** The configuration for these. */
  text(behind: readonly Behind[], services: readonly Service[] = []): string {
    const processes = behind.map(({ recorder: { name, address }, roles = REQUEST_ROLES, isDraining = false }) => ({
      name,
      address,
      roles,
      isDraining,
    }));
    const front: Front = { routes: this.#routes, processes, services, settings: this.#settings };
    return this.program === 'nginx' ? nginxText(front, nginxVersion()) : haproxyText(front, this.#socket);
  }

  get #settings(): FrontSettings {
    const certificateOf = (host: string) => ({
      certificate: join(this.#folder, `${host}.pem`),
      key: join(this.#folder, `${host}.pem.key`),
    });
    return {
      names: [
        { host: HOST, serves: 'everything', ...certificateOf(HOST) },
        { host: SERVER_NAME, serves: 'well-known', ...certificateOf(SERVER_NAME) },
      ],
      addresses: ['127.0.0.1'],
      httpsPort: this.httpsPort,
      federationPort: this.federationPort,
      plainPort: this.plainPort,
      proxies: [],
      certificateOf,
    };
  }

  #prepare(): void {
    for (const host of [HOST, SERVER_NAME, WIKI]) {
      const { certificate, key } = this.authority.issue({ names: [host] });
      writeFileSync(join(this.#folder, `${host}.pem`), certificate);
      writeFileSync(join(this.#folder, `${host}.pem.key`), key);
    }
    mkdirSync(join(this.#folder, 'temporary'));
    writeFileSync(join(this.#folder, 'main.conf'), mainText(this.#folder, this.#file));
  }

  #start(): void {
    const [command, args] =
      this.program === 'nginx'
        ? ['nginx', ['-c', join(this.#folder, 'main.conf')]]
        : ['haproxy', ['-W', '-db', '-f', this.#file]];
    this.#child = spawn(command, args, { stdio: 'ignore' });
  }

  async #ready(): Promise<void> {
    const deadline = performance.now() + LONGEST_START_MS;
    while (!(await isOpen(this.httpsPort))) {
      if (performance.now() > deadline) throw new Error(`${this.program} does not start`);
      await wait(20);
    }
  }

  async #close(): Promise<void> {
    const child = this.#child;
    if (child !== undefined && child.exitCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** nginx with two workers, and nothing but the generated part. */
function mainText(folder: string, part: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    kind => `${kind}_temp_path ${folder}/temporary/${kind};`,
  );
  return `daemon off;
worker_processes 2;
user root;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 256; }
http {
  access_log off;
  ${temporary.join(' ')}
  include ${part};
}
`;
}

function isOpen(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** Processes that are gone when the test is over. */
export async function recorders(t: TestContext, names: readonly string[]): Promise<Recorder[]> {
  const opened = await Promise.all(names.map(name => Recorder.open(name)));
  t.after(async () => {
    for (const recorder of opened) await recorder[Symbol.asyncDispose]();
  });
  return opened;
}
