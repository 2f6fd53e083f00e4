import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findGroupTrees, type GroupTrees } from './control-groups.ts';
import { LabError } from './lab-error.ts';
import { succeeds } from './run.ts';

/** What a lab uses of the machine it is on. */
export interface LabMeans {
  readonly trees: GroupTrees;
  /** The folder of initdb and postgres. */
  readonly postgres: string;
}

/** Programs, and Debian's package of each. */
const PROGRAMS = [
  ['ip', 'iproute2'],
  ['nsenter', 'util-linux'],
  ['unshare', 'util-linux'],
  ['setpriv', 'util-linux'],
  ['mount', 'mount'],
  ['hostname', 'hostname'],
  ['openssl', 'openssl'],
  ['nginx', 'nginx'],
  ['nats-server', 'nats-server'],
] as const;
const POSTGRES = '/usr/lib/postgresql';
const PLACES = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Everything at once. @throws LabError with all that is missing on this machine */
export function labMeans(): LabMeans {
  const { missing, means } = look();
  if (means !== undefined && missing.length === 0) return means;
  const list = missing.map(line => `\n  - ${line}`).join('');
  throw new LabError(`A lab cannot be made on this machine. What is missing:${list}`);
}

/** What is missing, in words for people; empty where a lab can be made. */
export function missingForLab(): readonly string[] {
  return look().missing;
}

/** Debian's packages of the programs that are missing. */
export function missingPackages(): readonly string[] {
  const packages = new Set<string>(absentPrograms().map(([, name]) => name));
  if (postgresFolder() === undefined) packages.add('postgresql');
  return [...packages];
}

function look(): { readonly missing: readonly string[]; readonly means?: LabMeans } {
  if (process.platform !== 'linux') return { missing: ['Linux: namespaces and control groups are its own'] };
  const isRoot = process.getuid?.() === 0;
  const postgres = postgresFolder();
  const trees = findGroupTrees();
  const canSeparate = !isRoot || succeeds('unshare', '--net', '--mount', '--uts', 'true');
  const missing = [
    isRoot ? undefined : 'the rights of root: start it with sudo',
    programsFault(postgres),
    isRoot ? groupsFault(trees) : undefined,
    canSeparate ? undefined : 'namespaces: this root may not make them, as in a container without --privileged',
  ].filter(fault => fault !== undefined);
  return trees === undefined || postgres === undefined ? { missing } : { missing, means: { trees, postgres } };
}

function absentPrograms() {
  return PROGRAMS.filter(([program]) => !PLACES.some(place => existsSync(join(place, program))));
}

function programsFault(postgres: string | undefined): string | undefined {
  const programs = [...absentPrograms().map(([program]) => program), ...(postgres === undefined ? ['PostgreSQL'] : [])];
  if (programs.length === 0) return undefined;
  return `${programs.join(', ')}: on Debian, apt install ${missingPackages().join(' ')}`;
}

function postgresFolder(): string | undefined {
  const versions = existsSync(POSTGRES) ? readdirSync(POSTGRES).sort((a, b) => Number(b) - Number(a)) : [];
  return versions.map(version => join(POSTGRES, version, 'bin')).find(bin => existsSync(join(bin, 'initdb')));
}

function groupsFault(trees: GroupTrees | undefined): string | undefined {
  if (trees === undefined)
    return 'control groups that limit memory (cgroups(7)): mount version 2 on /sys/fs/cgroup, with its controllers memory and cpu';
  const roots = trees.version === 2 ? [trees.root] : Object.values(trees.trees);
  const closed = roots.filter(root => !isWritable(root));
  return closed.length === 0 ? undefined : `the right to make control groups: ${closed.join(', ')} cannot be written`;
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
