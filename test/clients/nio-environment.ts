import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../.cache/nio', import.meta.url));
/** All of them come ready made for the Pythons of current Debians, on x86_64 and arm64. */
const PACKAGES = ['matrix-nio[e2e]==0.26.0', 'vodozemac==0.10.0'];
const USABLE = 'import nio.crypto; assert nio.crypto.ENCRYPTION_ENABLED';
const CAN_MAKE = 'import venv, ensurepip';

/**
 * The Python of a virtual environment with matrix-nio, made under `.cache/` the first time. Debian's `python3-venv` is
 * installed where it is missing and this process may.
 *
 * @throws NoPython when there is no Python to make it with
 */
export function nioPython(): string {
  const python = join(FOLDER, 'bin', 'python3');
  if (succeeds(python, '-c', USABLE)) return python;
  if (!succeeds('python3', '-c', CAN_MAKE)) installVenv();
  if (!succeeds('python3', '-c', CAN_MAKE)) {
    throw new NoPython('there is no python3 with venv; on Debian: apt install python3-venv');
  }
  mkdirSync(FOLDER, { recursive: true });
  run('python3', '-m', 'venv', '--clear', FOLDER);
  run(python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PACKAGES);
  run(python, '-c', USABLE);
  return python;
}

export class NoPython extends Error {}

function installVenv(): void {
  if (process.getuid?.() !== 0 || !succeeds('apt-get', '--version')) return;
  const install = () => succeeds('apt-get', 'install', '-y', '--no-install-recommends', 'python3-venv');
  if (!install() && succeeds('apt-get', 'update')) install();
}

function succeeds(program: string, ...args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}

function run(program: string, ...args: readonly string[]): void {
  const { status, error, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${error?.message ?? stderr}`);
}
