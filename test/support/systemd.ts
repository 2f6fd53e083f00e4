import { spawnSync } from 'node:child_process';
import { installDebian } from './postgres.ts';

/** What the tests of units need, each with its Debian package. */
const PROGRAMS = { 'systemd-analyze': 'systemd', 'systemd-notify': 'systemd', python3: 'python3' } as const;
export type UnitProgram = keyof typeof PROGRAMS;

function missingOf(programs: readonly UnitProgram[]): UnitProgram[] {
  return programs.filter(program => spawnSync(program, ['--version']).error !== undefined);
}

/** Sees to it that they are there, where this machine lets us. @throws where they are required and cannot be had */
export function installUnitPrograms(required: boolean): void {
  const missing = missingOf(Object.keys(PROGRAMS) as UnitProgram[]);
  if (missing.length === 0) return;
  if (process.getuid?.() === 0 && spawnSync('apt-get', ['--version']).status === 0) {
    installDebian(...new Set(missing.map(program => PROGRAMS[program])));
    return;
  }
  const reason = `${missing.join(' and ')} cannot be installed from here: only root on Debian can`;
  if (required) throw new Error(`${reason}.`);
  console.log(`Some tests are skipped: ${reason}.`);
}

/** For a test that needs programs: says why it is skipped. */
export function needs(...programs: UnitProgram[]): { readonly skip: string | false; readonly timeout: number } {
  const missing = missingOf(programs);
  return { skip: missing.length === 0 ? false : `${missing.join(' and ')} is not installed`, timeout: 180_000 };
}
