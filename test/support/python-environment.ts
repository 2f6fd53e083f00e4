import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface PythonEnvironment {
  /** Of its folder under `.cache/`. */
  readonly name: string;
  /** With exact versions; all of them come ready made for the Pythons of current Debians, on x86_64 and arm64. */
  readonly packages: readonly string[];
  /** A program that fails where they are not usable. */
  readonly usable: string;
}

const CAN_MAKE = 'import venv, ensurepip';

export class NoPython extends Error {
  constructor(reason = 'there is no python3 with venv; on Debian: apt install python3-venv') {
    super(reason);
    this.name = 'NoPython';
  }
}

/**
 * The Python of a virtual environment, made under `.cache/` the first time. Debian's `python3-venv` is installed where it
 * is missing and this process may.
 *
 * @throws NoPython when there is no Python to make it with, or nowhere to get the packages from
 */
export function pythonWith({ name, packages, usable }: PythonEnvironment): string {
  const folder = fileURLToPath(new URL(`../../.cache/${name}`, import.meta.url));
  const python = join(folder, 'bin', 'python3');
  if (succeeds(python, '-c', usable)) return python;
  if (!succeeds('python3', '-c', CAN_MAKE)) installVenv();
  if (!succeeds('python3', '-c', CAN_MAKE)) throw new NoPython();
  mkdirSync(folder, { recursive: true });
  run('python3', '-m', 'venv', '--clear', folder);
  try {
    run(python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages);
  } catch (error) {
    throw new NoPython(`${packages.join(' ')} cannot be installed: ${(error as Error).message.trim().slice(-300)}`);
  }
  run(python, '-c', usable);
  return python;
}

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
