import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/main/main.ts', import.meta.url));
const LONGEST_START_MS = 120_000;
const POLL_MS = 25;

export const SERVER_NAME = 'copse.test';
/** For `/_synapse/admin/v1/register`. */
export const SHARED_SECRET = 'the shared secret of tests';

export interface ServerOptions {
  /** Settings beside those of every test, as in the configuration file; a group given here replaces the whole group. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** The data folder, where several processes share one; it is left where it is. */
  readonly dataDir?: string;
  /** Where it listens, for settings that name the address; a free port unless given. */
  readonly port?: number;
  /** Arguments for Node.js itself. */
  readonly nodeArgs?: readonly string[];
}

/**
 * A whole Copse in a process of its own, with an empty SQLite database in a temporary folder unless the settings say
 * otherwise: registration is open, nothing is rate limited, passwords are hashed cheaply.
 * Disposing of it is `stop()`.
 *
 * @throws Error with the end of the server's log when it does not come up
 */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const server = new RunningServer(options);
  await server.restart();
  return server;
}

export class RunningServer implements AsyncDisposable {
  readonly dataDir: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'copse-test-'));
  readonly #nodeArgs: readonly string[];
  readonly #port: number;
  #child: ChildProcess | undefined;
  #url = '';

  constructor({ config, dataDir, port = 0, nodeArgs = [] }: ServerOptions) {
    this.dataDir = dataDir ?? join(this.#folder, 'data');
    this.#nodeArgs = nodeArgs;
    this.#port = port;
    // JSON is YAML.
    writeFileSync(this.configFile, JSON.stringify({ ...testConfig(), ...config }, null, 2));
    // The server must not outlive the tests, even when one of them fails before it stops the server.
    process.once('exit', this.#killChild);
  }

  /** The base URL for clients, without a slash at the end. It stays the same through `restart()`. */
  get url(): string {
    return this.#url;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('The server is not running.');
    return pid;
  }

  /** Everything the server has written so far. */
  get log(): string {
    return readFileSync(this.#logFile, 'utf8');
  }

  /** Puts other settings into its file; a server that runs does not read them. */
  writeSettings(yaml: string): void {
    writeFileSync(this.configFile, yaml);
  }

  /** Ends it as an operator would and deletes its folder. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
    process.off('exit', this.#killChild);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Ends it as an operator would; `restart()` takes up what it left. */
  async end(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** Ends it as a power cut would; `restart()` takes up what it left. */
  async kill9(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** It stands still, as on a board that swaps. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Ends it as an operator would, if it runs, and starts it on the same data and the same port. */
  async restart(): Promise<void> {
    await this.#end('SIGTERM');
    const port = this.#url === '' ? String(this.#port) : new URL(this.#url).port;
    const log = openSync(this.#logFile, 'a');
    const args = [...this.#nodeArgs, MAIN, 'up', '--config', this.configFile, '--data', this.dataDir, '--port', port];
    const from = this.log.length;
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', log, log] });
    closeSync(log);
    await this.#ready(this.#child, from);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** For commands about it. */
  get configFile(): string {
    return join(this.#folder, 'copse.yaml');
  }

  get #logFile(): string {
    return join(this.#folder, 'copse.log');
  }

  readonly #killChild = () => {
    this.#child?.kill('SIGKILL');
  };

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  }

  /** The server says where it listens, if it is to find a port; only what it wrote since `from` counts. */
  async #ready(child: ChildProcess, from: number): Promise<void> {
    const deadline = AbortSignal.timeout(LONGEST_START_MS);
    while (!deadline.aborted && child.exitCode === null && child.signalCode === null) {
      const said = /is ready[\s\S]*?(http:\/\/[\w.:[\]]+)/.exec(this.log.slice(from));
      this.#url ||= said?.[1] ?? '';
      if (this.#url !== '' && (await answers(`${this.#url}/_matrix/client/versions`))) return;
      await wait(POLL_MS);
    }
    this.#killChild();
    throw new Error(`Copse did not come up. The end of its log:\n${this.log.slice(-4000)}`);
  }
}

/** The settings of every test. */
export function testConfig() {
  return {
    server_name: SERVER_NAME,
    registration: { mode: 'open', open_to_everybody: true },
    registration_shared_secret: SHARED_SECRET,
    rate_limits: 'off',
    // As a community has it, and more of it used: the sources are run as they are.
    memory: '256M',
    password_hashing: { memory: '64K', passes: 1 },
    metrics: { enabled: false },
    log: { format: 'json' },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}
