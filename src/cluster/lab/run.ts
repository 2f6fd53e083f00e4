import { spawnSync } from 'node:child_process';
import { LabError } from './lab-error.ts';

/** A command and its arguments. */
export type CommandLine = readonly [program: string, ...args: string[]];

const PATIENCE_MS = 60_000;

/** What it printed. @throws LabError with what it said when it fails */
export function run(...[program, ...args]: CommandLine): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: PATIENCE_MS,
    cwd: '/',
  });
  if (status === 0) return stdout;
  const said = (stderr ?? '').trim() || (error?.message ?? `exit code ${status}`);
  throw new LabError(`\`${[program, ...args].join(' ')}\` failed: ${said}`, { said, cause: error });
}

export function succeeds(...[program, ...args]: CommandLine): boolean {
  return spawnSync(program, args, { stdio: 'ignore', timeout: PATIENCE_MS, cwd: '/' }).status === 0;
}
