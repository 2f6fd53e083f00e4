import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from './free-port.ts';

const LONGEST_START_MS = 60_000;
/** Debian keeps it outside of the PATH of users. */
const KNOWN_PLACES = ['/usr/sbin/nats-server', '/usr/bin/nats-server', '/usr/local/bin/nats-server'];
const OWN_COPY = join('.cache', 'nats-server');

/**
 * Sees to it that COPSE_TEST_NATS names a nats-server program. Each test starts its own. Without one the tests that want
 * it skip themselves; in CI that is an error.
 */
export function ensureNats(required: boolean): void {
  if (process.env.COPSE_TEST_NATS !== undefined) return;
  const program = findProgram() ?? unpackProgram();
  if (program !== undefined) {
    process.env.COPSE_TEST_NATS = program;
    return;
  }
  const reason = 'nats-server is not installed, and can be fetched from here on Debian only';
  if (required) throw new Error(`${reason}. Install the package nats-server.`);
  console.log(`Tests of the bus between processes are skipped: ${reason} (apt install nats-server).`);
}

function findProgram(): string | undefined {
  const own = join(process.cwd(), OWN_COPY, 'usr', 'sbin', 'nats-server');
  return [...KNOWN_PLACES, own].find(path => existsSync(path));
}

/** Debian's package, unpacked into the clone: installed, it would start a server of its own, which listens everywhere. */
function unpackProgram(): string | undefined {
  if (spawnSync('apt-get', ['--version']).status !== 0) return undefined;
  console.log('Fetching nats-server (Debian package nats-server) for the tests ...');
  const folder = mkdtempSync(join(tmpdir(), 'copse-nats-server-'));
  try {
    if (process.getuid?.() === 0)
      execFileSync('apt-get', ['update', '-qq'], { stdio: ['ignore', 'ignore', 'inherit'] });
    execFileSync('apt-get', ['download', '-qq', 'nats-server'], { cwd: folder, stdio: 'ignore' });
    mkdirSync(OWN_COPY, { recursive: true });
    execFileSync('sh', ['-c', `dpkg-deb -x "${folder}"/*.deb "${OWN_COPY}"`], { stdio: 'ignore' });
  } catch {
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return findProgram();
}

/** For `test`'s options. */
export const skipWithoutNats =
  process.env.COPSE_TEST_NATS === undefined && 'COPSE_TEST_NATS is not set; ./copse test sets it';

/** A NATS server on loopback that a test breaks as it likes. */
export class TestNats implements AsyncDisposable {
  readonly port: number;
  readonly #arguments: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(port: number, more: readonly string[]) {
    this.port = port;
    this.#arguments = ['-a', '127.0.0.1', '-p', String(port), ...more];
  }

  /** Not yet running. */
  static async make(...more: readonly string[]): Promise<TestNats> {
    return new TestNats(await freePort(), more);
  }

  static async start(...more: readonly string[]): Promise<TestNats> {
    const nats = await TestNats.make(...more);
    await nats.start();
    return nats;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const server = spawn(process.env.COPSE_TEST_NATS ?? '', this.#arguments, { cwd: '/', stdio: 'ignore' });
    this.#process = server;
    const deadline = Date.now() + LONGEST_START_MS;
    while (!(await isListening(this.port))) {
      if (server.exitCode !== null || Date.now() > deadline) throw new Error('nats-server does not start');
      await wait(20);
    }
  }

  /** It stands still: its kernel takes connections and what is sent until its buffers are full, and nothing comes back. */
  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process?.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    const server = this.#process;
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise<void>(resolve => server.once('close', () => resolve()));
    server.kill('SIGKILL');
    await ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
