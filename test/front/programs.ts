import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { type NginxVersion, parseNginxVersion } from '../../src/front/nginx-version.ts';
import { installDebian } from '../support/postgres.ts';

/** What stands in front, each with the Debian package of its name. */
export const PROGRAMS = ['nginx', 'haproxy'] as const;
export type ProgramName = (typeof PROGRAMS)[number];

function isThere(program: ProgramName): boolean {
  return spawnSync(program, ['-v']).error === undefined;
}

/** Sees to it that both are there, where this machine lets us. @throws where they are required and cannot be had */
export function installPrograms(required: boolean): void {
  const missing = PROGRAMS.filter(program => !isThere(program));
  if (missing.length === 0) return;
  if (process.getuid?.() === 0 && spawnSync('apt-get', ['--version']).status === 0) {
    installDebian(...missing);
    return;
  }
  const reason = `${missing.join(' and ')} cannot be installed from here: only root on Debian can`;
  if (required) throw new Error(`${reason}.`);
  console.log(`Some tests are skipped: ${reason} (apt install ${missing.join(' ')}).`);
}

/** For a test that needs a program: says why it is skipped. */
export function needs(program: ProgramName): { readonly skip: string | false } {
  return { skip: isThere(program) ? false : `${program} is not installed` };
}

export function nginxVersion(): NginxVersion {
  const { stderr } = spawnSync('nginx', ['-v'], { encoding: 'utf8' });
  return parseNginxVersion(stderr) ?? assert.fail(`nginx says of its version: ${stderr}`);
}

/** What a program says of a configuration that it takes. */
export function checked(program: ProgramName, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  assert.equal(status, 0, `${program}: ${stdout}${stderr}`);
  return `${stdout}${stderr}`;
}
