import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MemoryReading } from './memory-guard.ts';

/** The files of one version of control groups (cgroups(7)): where a group is, and what its files say. */
interface Layout {
  readonly root: string;
  readonly limit: string;
  readonly usage: string;
  /** Of `memory.stat`: the page cache, which the kernel takes back when it needs to. */
  readonly reclaimable: readonly string[];
}

const V1: Layout = {
  root: 'memory',
  limit: 'memory.limit_in_bytes',
  usage: 'memory.usage_in_bytes',
  reclaimable: ['total_inactive_file', 'total_active_file'],
};
const V2: Layout = {
  root: '',
  limit: 'memory.max',
  usage: 'memory.current',
  reclaimable: ['inactive_file', 'active_file'],
};

/** Larger than any machine: version 1 writes no limit as a number near 2^63. */
const NO_LIMIT = 2 ** 50;

/**
 * The control group with the lowest memory limit among those that the process is in, as a reader of its use; undefined
 * where there is none. The page cache does not count as used. `fs`: the root of the file system, for tests.
 */
export function cgroupMemory(fs = '/'): (() => MemoryReading | undefined) | undefined {
  const groups = read(join(fs, 'proc/self/cgroup'))?.trim().split('\n') ?? [];
  const limited = groups
    .flatMap(line => {
      const [id, controllers = '', path = '/'] = line.split(':');
      if (id === '0') return ancestors(V2, fs, path);
      return controllers.split(',').includes('memory') ? ancestors(V1, fs, path) : [];
    })
    .flatMap(group => {
      const limit = Number(read(join(group.folder, group.layout.limit)));
      return limit > 0 && limit < NO_LIMIT ? [{ ...group, limit }] : [];
    })
    .toSorted((a, b) => a.limit - b.limit);
  const [lowest] = limited;
  return lowest && (() => use(lowest.folder, lowest.layout, lowest.limit));
}

interface Group {
  readonly folder: string;
  readonly layout: Layout;
}

/** The group and those around it, up to the root: inside a container that is all that can be seen. */
function ancestors(layout: Layout, fs: string, path: string): Group[] {
  const names = path.split('/').filter(name => name !== '' && name !== '..');
  return Array.from({ length: names.length + 1 }, (_, depth) => ({
    folder: join(fs, 'sys/fs/cgroup', layout.root, ...names.slice(0, names.length - depth)),
    layout,
  }));
}

function use(folder: string, layout: Layout, limit: number): MemoryReading | undefined {
  const usage = Number(read(join(folder, layout.usage)) ?? Number.NaN);
  const stat = read(join(folder, 'memory.stat'));
  if (Number.isNaN(usage) || stat === undefined) return undefined;
  const reclaimable = layout.reclaimable
    .map(name => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(stat)?.[1] ?? 0))
    .reduce((sum, bytes) => sum + bytes, 0);
  return { of: 'cgroup', used: Math.max(usage - reclaimable, 0), limit };
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
