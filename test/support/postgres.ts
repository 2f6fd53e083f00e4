import { type ChildProcess, type ExecFileSyncOptions, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { proportionalMemory, type Usage, usageOfTree } from './process-usage.ts';

export interface TestPostgres {
  stop(): Promise<void>;
}

/** A PostgreSQL of a test's own, which may be killed and started again. */
export interface KillablePostgres extends TestPostgres {
  readonly url: string;
  /** Of all its processes. */
  readonly usage: Usage;
  /** Bytes that they take away from others. */
  readonly memory: number;
  start(): Promise<void>;
  /** Ends all of its processes at once. */
  kill9(): Promise<void>;
}

/**
 * What is committed may be lost with the process: nobody kills the one of all tests. Nothing is gathered about tables either:
 * the tests of a database would be planned by what those before them had in it.
 */
const CARELESS = ['synchronous_commit=off', 'autovacuum=off'];

const LONGEST_START_MS = 120_000;
const isRoot = process.getuid?.() === 0;

/**
 * Sees to it that COPSE_TEST_POSTGRES names a server: the one it names already, or a fresh one on loopback in a
 * temporary folder that is gone afterwards. Without one the tests that want it skip themselves; in CI that is an error.
 */
export async function ensurePostgres(required: boolean): Promise<TestPostgres | undefined> {
  if (process.env.COPSE_TEST_POSTGRES !== undefined) return undefined;
  const folder = findPrograms() ?? installPrograms();
  if (folder !== undefined) {
    const server = makeServer(folder, CARELESS, await freePort());
    await server.start();
    process.env.COPSE_TEST_POSTGRES = server.url;
    return server;
  }
  const reason = 'PostgreSQL is not installed, and only root on Debian can have it installed from here';
  if (required) throw new Error(`${reason}. Install the package postgresql.`);
  console.log(`Tests on PostgreSQL are skipped: ${reason} (apt install postgresql).`);
  return undefined;
}

/** The folder of initdb and postgres: Debian keeps them outside of PATH. */
function findPrograms(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const found = versions.map(version => join(debian, version, 'bin')).find(bin => existsSync(join(bin, 'initdb')));
  if (found !== undefined) return found;
  const asked = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' });
  const bin = asked.status === 0 ? asked.stdout.trim() : '';
  return bin !== '' && existsSync(join(bin, 'initdb')) ? bin : undefined;
}

function installPrograms(): string | undefined {
  if (!isRoot || spawnSync('apt-get', ['--version']).status !== 0) return undefined;
  console.log('Installing PostgreSQL (Debian package postgresql) for the tests ...');
  // The package would make and start a server of its own; the tests have no use for that one.
  const settings = '/etc/postgresql-common';
  if (!existsSync(settings)) {
    mkdirSync(settings);
    writeFileSync(join(settings, 'createcluster.conf'), 'create_main_cluster = false\n');
  }
  installDebian('postgresql');
  return findPrograms();
}

/** Installs Debian packages, as root. @throws when apt-get fails */
export function installDebian(...packages: readonly string[]): void {
  // In runlevel 1 no service is started that a package may bring.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const options: ExecFileSyncOptions = { env, stdio: ['ignore', 'ignore', 'inherit'] };
  // Somebody else's apt may be at work, such as the machine's own upgrades.
  const patient = ['-qq', '-o', 'DPkg::Lock::Timeout=300'];
  execFileSync('apt-get', ['update', ...patient], options);
  const quiet = [...patient, '-y', '--no-install-recommends', '-o', 'Dpkg::Options::=--force-confold'];
  execFileSync('apt-get', ['install', ...quiet, ...packages], options);
}

/** One more server, which is not running yet; undefined where PostgreSQL is not installed. */
export async function ownPostgres(): Promise<KillablePostgres | undefined> {
  const folder = findPrograms();
  return folder === undefined ? undefined : makeServer(folder, [], await freePort());
}

function makeServer(bin: string, settings: readonly string[], port: number): KillablePostgres {
  const folder = mkdtempSync(join(tmpdir(), 'copse-postgres-'));
  const user = isRoot ? unprivilegedUser() : undefined;
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  const as = (program: string, args: readonly string[]) => command(user, join(bin, program), args);
  const wanted = ['-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C', '--no-sync'];
  const [initdb, initArgs] = as('initdb', ['-D', data, ...wanted]);
  execFileSync(initdb, initArgs, { cwd: '/', stdio: ['ignore', 'ignore', 'inherit'] });
  const usual = ['listen_addresses=127.0.0.1', `port=${port}`, 'unix_socket_directories=', 'fsync=off'];
  const more = ['full_page_writes=off', 'max_connections=200', 'logging_collector=off', ...settings];
  const [postgres, args] = as('postgres', ['-D', data, ...[...usual, ...more].flatMap(setting => ['-c', setting])]);
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  let server: ChildProcess | undefined;
  const end = async (signal: 'SIGINT' | 'SIGKILL') => {
    const ending = server;
    server = undefined;
    if (ending?.pid === undefined || ending.exitCode !== null) return;
    const ended = once(ending, 'close');
    // A kill is for its whole group.
    process.kill(signal === 'SIGKILL' ? -ending.pid : ending.pid, signal);
    await ended;
  };
  return {
    url,
    get usage() {
      return usageOfTree(server?.pid ?? 0);
    },
    get memory() {
      return proportionalMemory(server?.pid ?? 0);
    },
    async start() {
      const log: string[] = [];
      const started = spawn(postgres, args, { cwd: '/', stdio: ['ignore', 'ignore', 'pipe'], detached: true });
      started.stderr.setEncoding('utf8').on('data', (text: string) => log.splice(0, Math.max(0, log.push(text) - 50)));
      server = started;
      await reachable(url, () => started.exitCode !== null, log);
    },
    kill9: () => end('SIGKILL'),
    async stop() {
      // SIGINT is PostgreSQL's fast shutdown: open connections are closed.
      await end('SIGINT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
/** PostgreSQL refuses to run as root. The user of Debian's package is there when the package is. */
function unprivilegedUser(): { readonly name: string; readonly uid: number; readonly gid: number } {
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map(flag => spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout.trim());
    if (uid !== undefined && uid !== '' && gid !== undefined) return { name, uid: Number(uid), gid: Number(gid) };
  }
  throw new Error('there is neither a user postgres nor a user nobody');
}

function command(
  user: { readonly uid: number; readonly gid: number } | undefined,
  program: string,
  args: readonly string[],
): [string, readonly string[]] {
  if (user === undefined) return [program, args];
  return ['setpriv', [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', program, ...args]];
}

async function reachable(url: string, hasEnded: () => boolean, log: readonly string[]): Promise<void> {
  const { default: pg } = await import('pg');
  const deadline = Date.now() + LONGEST_START_MS;
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (hasEnded() || Date.now() > deadline) {
        throw new Error(`PostgreSQL does not start:\n${log.join('')}`, { cause: error });
      }
      await wait(100);
    }
  }
}
