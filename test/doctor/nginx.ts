import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Certified } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { until } from './doctor-world.ts';

const SETTLED_MS = 300;

/** Whether there is one on this machine. */
export function hasNginx(): boolean {
  try {
    execFileSync('nginx', ['-v'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A real nginx with TLS on loopback. */
export class Nginx implements AsyncDisposable {
  readonly port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'copse-nginx-'));
  #process: ChildProcess | undefined;

  private constructor(port: number) {
    this.port = port;
    mkdirSync(join(this.#folder, 'logs'));
  }

  /** `server`: what stands in its one `server` block, beside port, name and certificate. */
  static async open(certified: Certified, server: string, port?: number): Promise<Nginx> {
    const nginx = new Nginx(port ?? (await freePort()));
    await nginx.put(certified, server);
    return nginx;
  }

  /** Other settings from now on: it is started anew. */
  async put({ certificate, key }: Certified, server: string): Promise<void> {
    await this.#end();
    const file = (name: string) => join(this.#folder, name);
    writeFileSync(file('chain.pem'), certificate);
    writeFileSync(file('key.pem'), key);
    writeFileSync(file('nginx.conf'), configuration(this.#folder, this.port, server));
    this.#process = spawn('nginx', ['-p', this.#folder, '-c', file('nginx.conf')], { stdio: 'ignore' });
    await until(() => isOpen(this.port), 'nginx does not start');
  }

  get certificate(): string {
    return join(this.#folder, 'chain.pem');
  }

  get key(): string {
    return join(this.#folder, 'key.pem');
  }

  /** How it is told to read its settings again. */
  get reloading(): string {
    return `nginx -p ${this.#folder} -c ${join(this.#folder, 'nginx.conf')} -s reload`;
  }

  /** Has it read its settings again; resolves when it has. */
  async reload(): Promise<void> {
    const before = this.#workers();
    execFileSync('/bin/sh', ['-c', this.reloading], { stdio: 'ignore' });
    await until(() => this.#workers() !== before, 'nginx does not reload');
    // The worker of before is told to take nothing new.
    await wait(SETTLED_MS);
  }

  /** The certificate that lies where it should be, from now on. */
  keep({ certificate, key }: Certified): void {
    writeFileSync(this.certificate, certificate);
    writeFileSync(this.key, key);
  }

  /** A file beside its `server` block, which is `text` at first. */
  async include(file: string, text: string): Promise<void> {
    writeFileSync(file, text);
    const conf = join(this.#folder, 'nginx.conf');
    writeFileSync(conf, readFileSync(conf, 'utf8').replace(/}\n$/, `  include ${file};\n}\n`));
    await this.reload();
  }

  async opens(port: number): Promise<void> {
    await until(() => isOpen(port), 'nginx does not listen');
  }

  #workers(): string {
    const pid = this.#process?.pid ?? 0;
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #end(): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    if (process === undefined || process.exitCode !== null) return;
    const ended = once(process, 'exit');
    process.kill('SIGTERM');
    await ended;
  }
}

function configuration(folder: string, port: number, server: string): string {
  return `daemon off;
worker_processes 1;
user root;
pid ${folder}/nginx.pid;
error_log ${folder}/logs/error.log;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${folder}/chain.pem;
    ssl_certificate_key ${folder}/key.pem;
    ${server}
  }
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
