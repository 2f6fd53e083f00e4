import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
/** Of Linux, wherever it runs: clock ticks a second and bytes a page in /proc. */
const TICKS = 100;
const PAGE = 4096;
const LONGEST_START_MS = 60_000;

export const SECRET = 'a secret of the bench alone';

/** What a process and all its children have used. */
export interface Usage {
  /** Processor time, user and system, in seconds. */
  readonly cpu: number;
  /** Resident memory in bytes. */
  readonly resident: number;
  /** The most that the process itself has had resident, in bytes. */
  readonly peak: number;
}

interface ProcessRow extends Usage {
  readonly pid: number;
  readonly parent: number;
}

/** `/proc/PID/stat`: proc_pid_stat(5), fields counted behind the name in brackets, which may hold anything. */
function readProcess(pid: number): ProcessRow[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [, parent = 0] = fields;
    const ticks = fields.slice(11, 15).reduce((sum, one) => sum + one, 0);
    return [{ pid, parent, cpu: ticks / TICKS, resident: (fields[21] ?? 0) * PAGE, peak: peakOf(pid) }];
  } catch {
    return []; // It has ended meanwhile.
  }
}

/** Of one process, from `/proc/PID/status`. */
function peakOf(pid: number): number {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
  return Number(kib ?? 0) * 1024;
}

function usageOfTree(root: number): Usage {
  const rows = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => readProcess(Number(name)));
  const tree = new Set([root]);
  for (let size = 0; size !== tree.size; ) {
    size = tree.size;
    for (const row of rows) if (tree.has(row.parent)) tree.add(row.pid);
  }
  const own = rows.filter(row => tree.has(row.pid));
  const sum = (value: (row: ProcessRow) => number) => own.reduce((total, row) => total + value(row), 0);
  const peak = rows.find(({ pid }) => pid === root)?.peak ?? 0;
  return { cpu: sum(row => row.cpu), resident: sum(row => row.resident), peak };
}

/** A server as users start it, in a folder of its own, on SQLite with every commit synced to the disk. */
export class MeasuredServer implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'copse-load-'));
  #child: ChildProcess | undefined;
  #url = '';

  static async start(): Promise<MeasuredServer> {
    // Sources that have changed are translated first, which is no part of a start.
    execFileSync(join(ROOT, 'copse'), ['version'], { stdio: 'ignore' });
    const server = new MeasuredServer();
    await server.start();
    return server;
  }

  get url(): string {
    return this.#url;
  }

  get usage(): Usage {
    return usageOfTree(this.#child?.pid ?? 0);
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
      }),
    );
    const output = join(this.#folder, 'output');
    const descriptor = openSync(output, 'w');
    const args = ['up', '--config', config, '--data', join(this.#folder, 'data')];
    this.#child = spawn(join(ROOT, 'copse'), args, { stdio: ['ignore', descriptor, descriptor] });
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

  /** `kill -9`, and a start on what is left. */
  async killAndStart(): Promise<void> {
    await this.#end('SIGKILL');
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
