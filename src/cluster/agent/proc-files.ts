import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { textIfReadable } from '../../base/if-readable.ts';
import { readShares } from '../../base/shared-pages.ts';

/** What the kernel says of a process (proc_pid_stat(5)). */
export interface ProcessStat {
  readonly pid: number;
  /** One character: `Z` has ended and waits for its parent. */
  readonly state: string;
  /** The leader of its session. */
  readonly session: number;
  /** Ticks since the machine started: with `pid` it names a process for good. */
  readonly startedAt: number;
}

/** The name of the program stands in brackets and may have any character in it, brackets too. */
export function parseStat(text: string): ProcessStat | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [pid, session, startedAt] = [Number.parseInt(text, 10), Number(fields[3]), Number(fields[19])];
  if (!Number.isInteger(pid) || !Number.isInteger(session) || !Number.isInteger(startedAt)) return undefined;
  return { pid, state: fields[0] ?? '', session, startedAt };
}

/** Undefined where there is no such process. `proc`: for tests. */
export function readStat(pid: number, proc = '/proc'): ProcessStat | undefined {
  const text = textIfReadable(join(proc, String(pid), 'stat'));
  return text === undefined ? undefined : parseStat(text);
}

/**
 * Resident bytes of a process, of what it shares with others its part; all of it where the kernel does not tell us
 * (proc_pid_status(5)). Undefined where there is none.
 */
export function residentBytes(pid: number, proc = '/proc'): number | undefined {
  const shares = readShares(pid, proc);
  if (shares !== undefined) return shares.pss;
  const kib = /^VmRSS:\s*(\d+) kB$/m.exec(textIfReadable(join(proc, String(pid), 'status')) ?? '')?.[1];
  return kib === undefined ? undefined : Number(kib) * 1024;
}

/** The environment of each process that may be looked at and leads a session. */
export function* sessionLeaders(proc = '/proc'): Generator<ProcessStat & { readonly variables: Map<string, string> }> {
  for (const name of readdirSync(proc)) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readStat(Number(name), proc);
    if (stat === undefined || stat.session !== stat.pid || stat.state === 'Z') continue;
    const variables = textIfReadable(join(proc, name, 'environ'));
    if (variables !== undefined) yield { ...stat, variables: parseEnvironment(variables) };
  }
}

/** `NAME=VALUE`, each ended by a zero. */
export function parseEnvironment(text: string): Map<string, string> {
  return new Map(
    text.split('\0').flatMap(entry => {
      const at = entry.indexOf('=');
      return at < 1 ? [] : [[entry.slice(0, at), entry.slice(at + 1)] as const];
    }),
  );
}
