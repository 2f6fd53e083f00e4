import { readdirSync, readFileSync } from 'node:fs';

/** Of Linux, wherever it runs: clock ticks a second and bytes a page in /proc. */
const TICKS = 100;
const PAGE = 4096;

/** What a process has in memory, in bytes: all of it, and what it takes away from others (Linux's Pss). */
export interface InMemory {
  readonly resident: number;
  readonly proportional: number;
}

/** What a process and all its children have used. */
export interface Usage {
  /** Processor time, user and system, in seconds. */
  readonly cpu: number;
  /** Resident memory in bytes. */
  readonly resident: number;
  /** The most that the process itself has had resident, in bytes. */
  readonly peak: number;
}

interface ProcessRow extends Usage {
  readonly pid: number;
  readonly parent: number;
}

/** `/proc/PID/stat`: proc_pid_stat(5), fields counted behind the name in brackets, which may hold anything. */
function readProcess(pid: number): ProcessRow[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [, parent = 0] = fields;
    const ticks = fields.slice(11, 15).reduce((sum, one) => sum + one, 0);
    return [{ pid, parent, cpu: ticks / TICKS, resident: (fields[21] ?? 0) * PAGE, peak: peakOf(pid) }];
  } catch {
    return []; // It has ended meanwhile.
  }
}

/** Of one process, from `/proc/PID/status`. */
function peakOf(pid: number): number {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
  return Number(kib ?? 0) * 1024;
}

/** Bytes that a process and all its children take away from others: what several of them share counts once (Linux's Pss). */
export function proportionalMemory(root: number): number {
  return processTree(root).reduce((sum, { pid }) => sum + proportionalOf(pid), 0);
}

/** Of one process without its children. */
export function memoryOf(pid: number): InMemory {
  const [row] = readProcess(pid);
  return { resident: row?.resident ?? 0, proportional: proportionalOf(pid) };
}

function proportionalOf(pid: number): number {
  try {
    const kib = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1];
    return Number(kib ?? 0) * 1024;
  } catch {
    return 0; // It has ended meanwhile.
  }
}

/** What the process `root` and all that descends from it use. */
export function usageOfTree(root: number): Usage {
  const own = processTree(root);
  const sum = (value: (row: ProcessRow) => number) => own.reduce((total, row) => total + value(row), 0);
  const peak = own.find(({ pid }) => pid === root)?.peak ?? 0;
  return { cpu: sum(row => row.cpu), resident: sum(row => row.resident), peak };
}

function processTree(root: number): ProcessRow[] {
  const rows = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => readProcess(Number(name)));
  const tree = new Set([root]);
  for (let size = 0; size !== tree.size; ) {
    size = tree.size;
    for (const row of rows) if (tree.has(row.parent)) tree.add(row.pid);
  }
  return rows.filter(row => tree.has(row.pid));
}
