import { setFlagsFromString } from 'node:v8';
import { cgroupMemory } from '../base/cgroup-memory.ts';
import type { MemoryReading } from '../base/memory-guard.ts';

/** The memory of the machine as this process sees it: what several servers in one process, in tests, cannot share. */
export interface SystemMemory {
  /** The lowest limit of the control groups that the process is in, in bytes. */
  readonly cgroupLimit: number | undefined;
  /** What is used of `limit`, and of the control group. */
  read(limit: number): readonly MemoryReading[];
  /** Collects garbage, and gives what it held back to the system. */
  collect(): void;
  /** Called when memory stays critical whatever is done. */
  onHopeless(): void;
}

/** How much V8's heap may grow beyond what lived at the last collection, in percent (docs/decisions/0055). */
const HEAP_GROWTH = 50;

export function systemMemory(onHopeless: () => void): SystemMemory {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH}`);
  const cgroup = cgroupMemory();
  return {
    cgroupLimit: cgroup?.()?.limit,
    read(limit) {
      const own = { of: 'process', used: process.memoryUsage.rss(), limit };
      const group = cgroup?.();
      return group === undefined ? [own] : [own, group];
    },
    // The launcher allows it. This flavour costs three times as much as the plain one, which gives nothing back.
    collect: () => void globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' }),
    onHopeless,
  };
}
