import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { proportionalMemory, type Usage, usageOfTree } from '../support/process-usage.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const LONGEST_START_MS = 60_000;
const LONGEST_END_MS = 10_000;

export const SECRET = 'a secret of the bench alone';

/** What a server is started through. */
export interface Through {
  /** A command and its first arguments, to which that of the server is added. */
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** A server as users start it, in a folder of its own, on SQLite with every commit synced to the disk. */
export class MeasuredServer implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'copse-load-'));
  #child: ChildProcess | undefined;
  #url = '';
  readonly #settings: Readonly<Record<string, unknown>>;

  readonly #through: Through;

  private constructor(settings: Readonly<Record<string, unknown>>, through: Through) {
    this.#settings = settings;
    this.#through = through;
  }

  static async start(settings: Readonly<Record<string, unknown>> = {}, through: Through = {}): Promise<MeasuredServer> {
    // Sources that have changed are translated first, which is no part of a start.
    execFileSync(join(ROOT, 'copse'), ['version'], { stdio: 'ignore' });
    const server = new MeasuredServer(settings, through);
    await server.start();
    return server;
  }

  get url(): string {
    return this.#url;
  }

  get #output(): string {
    return join(this.#folder, 'output');
  }

  /** What the server warned of, a line each. */
  get warnings(): string {
    const lines = readFileSync(this.#output, 'utf8').split('\n');
    return lines.filter(line => /"level":"(warn|error)"/.test(line)).join('\n');
  }

  get isRunning(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  /** How it ended, if it does within a few seconds. */
  async ending(): Promise<string | undefined> {
    const end = performance.now() + LONGEST_END_MS;
    while (this.isRunning && performance.now() < end) await new Promise(resolve => setTimeout(resolve, 50));
    return this.isRunning ? undefined : String(this.#child?.signalCode ?? `code ${this.#child?.exitCode}`);
  }

  get usage(): Usage {
    return usageOfTree(this.#child?.pid ?? 0);
  }

  /** Bytes that it takes away from others. */
  get memory(): number {
    return proportionalMemory(this.#child?.pid ?? 0);
  }

  async start(): Promise<void> {
    const config = join(this.#folder, 'copse.json');
    writeFileSync(
      config,
      JSON.stringify({
        server_name: 'load.test',
        registration_shared_secret: SECRET,
        listen: { client: { port: 0 } },
        rate_limits: 'off',
        password_hashing: { memory: '64K', passes: 1 },
        metrics: { enabled: false },
        log: { format: 'json', level: 'info' },
        ...this.#settings,
      }),
    );
    const output = this.#output;
    const descriptor = openSync(output, 'w');
    const { command: before = [], environment } = this.#through;
    const server = [join(ROOT, 'copse'), 'up', '--config', config, '--data', this.data];
    const [command = '', ...args] = [...before, ...server];
    const env = { ...process.env, ...environment };
    this.#child = spawn(command, args, { stdio: ['ignore', descriptor, descriptor], env });
    closeSync(descriptor);
    this.#url = await this.#untilReady(output);
  }

  async #untilReady(output: string): Promise<string> {
    const end = performance.now() + LONGEST_START_MS;
    while (performance.now() < end && this.#child?.exitCode === null) {
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(readFileSync(output, 'utf8'))?.[0];
      if (url !== undefined && (await answers(url))) return url;
      await new Promise(resolve => setTimeout(resolve, 10));
    }
    throw new Error(`the server does not start:\n${readFileSync(output, 'utf8')}`);
  }

  /** The data folder. */
  get data(): string {
    return join(this.#folder, 'data');
  }

  /** `kill -9`, and a start on what is left, or on what `between` makes of the data folder. */
  async killAndStart(between?: (data: string) => Promise<void>): Promise<void> {
    await this.#end('SIGKILL');
    await between?.(this.data);
    await this.start();
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end('SIGTERM');
    rmSync(this.#folder, { recursive: true });
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/_matrix/client/versions`)).ok;
  } catch {
    return false;
  }
}
