import { textIfReadable } from '../base/if-readable.ts';

/** As nginx names them; also one that ends is a worker. */
const WORKER = 'nginx: worker process';

/** A process that gets requests, and one that stands there at all. */
const ASKED = /^ *server (\S+) max_fails/gm;
const NAMED = /^ *server (\S+) /gm;

/**
 * Whether a process that got requests is gone from a configuration of nginx. One that ended in order was left alone before; this
 * one died, and what it was asked nobody answers.
 */
export function hasDied(before: string, after: string): boolean {
  const named = new Set(Array.from(after.matchAll(NAMED), ([, address]) => address));
  return Array.from(before.matchAll(ASKED)).some(([, address]) => !named.has(address));
}

/** The workers that a running nginx has, by the process ID of its master. `proc`: for tests. */
export function workersOf(master: number, proc = '/proc'): number[] {
  const children = textIfReadable(`${proc}/${master}/task/${master}/children`)?.trim() ?? '';
  const pids = children === '' ? [] : children.split(' ').map(Number);
  return pids.filter(pid => textIfReadable(`${proc}/${pid}/cmdline`)?.startsWith(WORKER));
}
