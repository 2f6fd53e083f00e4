import { spawnSync } from 'node:child_process';

/** A user without rights, by number. */
export const NOBODY = 65_534;

const isRoot = process.getuid?.() === 0;

/** What a module prints that is run by a user who is not root: root may do everything. */
export function printedForUser(program: string): string {
  const as = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
  const words = ['--input-type=module', '-e', program];
  const { stdout, stderr } = spawnSync(process.execPath, words, { ...as, cwd: '/', encoding: 'utf8' });
  return stdout || stderr;
}

/** Why a test is skipped that needs such a user; false where it is not. A clone below /root is closed to others. */
export const skipWithoutUser =
  isRoot &&
  spawnSync(process.execPath, ['--version'], { uid: NOBODY, gid: NOBODY, cwd: '/' }).status !== 0 &&
  'this clone is closed to other users';
