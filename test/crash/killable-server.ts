import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Step } from '../support/faulty-database.ts';
import type { Order, Word } from './server.ts';

export const PROGRAM = new URL('./server.ts', import.meta.url).pathname;
const LONGEST_ANSWER_MS = 60_000;

export const SERVER_NAME = 'crash.test';

/** The settings of every server of these tests, as a configuration file (JSON is YAML). */
export function writeConfig(file: string, databaseUrl = 'sqlite'): void {
  const config = {
    database: { url: databaseUrl },
    server_name: SERVER_NAME,
    registration: { mode: 'open', open_to_everybody: true },
    rate_limits: 'off',
    password_hashing: { memory: '64K', passes: 1 },
    metrics: { enabled: false },
    log: { format: 'json', level: 'warn' },
  };
  writeFileSync(file, JSON.stringify(config));
}

/** A server that can be killed over and over: one runs on the data folder, the next one has loaded its code already. */
export class KillableServer implements AsyncDisposable {
  readonly dataDir: string;
  readonly #config: string;
  readonly #logFile: string;
  #running: ChildProcess | undefined;
  #next: ChildProcess;
  #url = '';

  constructor(folder: string, databaseUrl?: string) {
    mkdirSync(folder, { recursive: true });
    this.dataDir = join(folder, 'data');
    this.#config = join(folder, 'copse.json');
    this.#logFile = join(folder, 'copse.log');
    writeConfig(this.#config, databaseUrl);
    this.#next = this.#fork();
  }

  get url(): string {
    return this.#url;
  }

  /** What the servers have warned of so far. */
  get log(): string {
    return readFileSync(this.#logFile, 'utf8');
  }

  async start(): Promise<void> {
    const child = this.#next;
    this.#running = child;
    const { ready } = await ask(child, { start: { config: this.#config, data: this.dataDir } });
    this.#url = ready ?? '';
    this.#next = this.#fork();
  }

  /** The process ends before the n-th step of its transactions from now on, or at one of a name (0: it goes on, and counts). */
  async arm(n: number | Step): Promise<void> {
    await ask(this.#child, { arm: n });
  }

  /** The steps since it was armed. */
  async steps(): Promise<number> {
    return (await ask(this.#child, { count: true })).steps ?? 0;
  }

  /** Resolves when the process is gone, killed by itself or from here; nothing happens when it was gone before. */
  async kill9(): Promise<void> {
    const child = this.#running;
    if (child === undefined) return;
    this.#running = undefined;
    if (child.exitCode === null && child.signalCode === null) {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    }
    if (child.signalCode !== 'SIGKILL')
      throw new Error(`the server ended by itself, with ${child.exitCode}:\n${this.log.slice(-4000)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of [this.#running, this.#next]) child?.kill('SIGKILL');
  }

  get #child(): ChildProcess {
    if (this.#running === undefined) throw new Error('no server is running');
    return this.#running;
  }

  #fork(): ChildProcess {
    const log = openSync(this.#logFile, 'a');
    const child = fork(PROGRAM, { stdio: ['ignore', log, log, 'ipc'], env: { ...process.env, NODE_NO_WARNINGS: '1' } });
    closeSync(log);
    return child;
  }
}

/** Gives a server process an order and waits for its answer. */
export async function ask(child: ChildProcess, order: Order): Promise<Word> {
  const answer = once(child, 'message', { signal: AbortSignal.timeout(LONGEST_ANSWER_MS) });
  child.send(order);
  const [word] = (await answer) as [Word];
  if (word.failed !== undefined) throw new Error(`the server failed: ${word.failed}`);
  return word;
}
