import { REQUEST_ROLES, type RequestRole, STANDS_IN } from '../http/role.ts';
import { FrontError } from './front-error.ts';
import type { FrontProcess } from './process.ts';

/** A server that starts has all its roles after a while, or not at all. */
const SETTLING_MS = 30_000;

/**
 * The processes behind a front that stays. A role that nobody has any more is left to those who had it last: they may be
 * dead, but without them its paths answer nobody for certain. All other roles go on with those who live.
 */
export class LastingProcesses {
  #last: readonly FrontProcess[] = [];
  #startedAt: number | undefined;

  /**
   * Those to send to. At the start it waits for roles that nobody has yet. `now` in milliseconds.
   * @throws FrontError while it waits
   */
  next(living: readonly FrontProcess[], now: number): readonly FrontProcess[] {
    this.#startedAt ??= now;
    const addresses = new Set(living.map(({ address }) => address));
    const lost = REQUEST_ROLES.filter(role => !isServed(role, living));
    const left = this.#last.flatMap(process => {
      const roles = process.roles.filter(role => lost.includes(role));
      // Where somebody else listens by now nobody knows of these roles.
      return roles.length === 0 || addresses.has(process.address) ? [] : [{ ...process, roles }];
    });
    const all = [...living, ...left];
    const missing = lost.find(role => !isServed(role, left));
    if (missing !== undefined && this.#last.length === 0 && now - this.#startedAt < SETTLING_MS)
      throw new FrontError(`No process has the role ${missing} yet. The front waits for it.`);
    this.#last = all;
    return all;
  }
}

function isServed(role: RequestRole, processes: readonly FrontProcess[]): boolean {
  const instead = STANDS_IN[role];
  return processes.some(({ roles }) => roles.includes(role) || (instead !== undefined && roles.includes(instead)));
}
