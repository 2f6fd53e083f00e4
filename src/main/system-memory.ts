import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { cgroupMemory } from '../base/cgroup-memory.ts';
import type { MemoryReading } from '../base/memory-guard.ts';
import { freedMemory } from './freed-memory.ts';

/** The memory of the machine as this process sees it: what several servers in one process, in tests, cannot share. */
export interface SystemMemory {
  /** The lowest limit of the control groups that the process is in, in bytes. */
  readonly cgroupLimit: number | undefined;
  /** What is used of `limit`, and of the control group. */
  read(limit: number): readonly MemoryReading[];
  /** Collects garbage, and gives what it held back to the system. */
  collect(): void;
  /** Gives back what was freed outside of V8's heap. */
  giveBack(): void;
  /** What buffers hold, dead ones included, in bytes. */
  buffers(): number;
  /** Collects what died young. */
  collectYoung(): void;
  /** Has the heap kept small at the price of processor time, or not any more. */
  save(isWanted: boolean): void;
  /** Called when memory stays critical whatever is done. */
  onHopeless(): void;
}

/** How much V8's heap may grow beyond what lived at the last collection, in percent (docs/decisions/0055). */
const HEAP_GROWTH = 50;

export function systemMemory(onHopeless: () => void): SystemMemory {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH}`);
  const cgroup = cgroupMemory();
  const gc = collector();
  const giveBack = freedMemory();
  return {
    cgroupLimit: cgroup?.()?.limit,
    read(limit) {
      const own = { of: 'process', used: process.memoryUsage.rss(), limit };
      const group = cgroup?.();
      return group === undefined ? [own] : [own, group];
    },
    collect: () => {
      // This flavour costs three times as much as the plain one, which gives nothing back.
      gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
      giveBack();
    },
    giveBack,
    buffers: () => process.memoryUsage().arrayBuffers,
    collectYoung: () => void gc({ type: 'minor', execution: 'sync' }),
    save: isWanted => setFlagsFromString(isWanted ? '--memory-saver-mode' : '--no-memory-saver-mode'),
    onHopeless,
  };
}

/** The launcher allows collecting. Where the sources are run without it, a context that begins after the flag has it. */
function collector(): NonNullable<typeof globalThis.gc> {
  if (globalThis.gc !== undefined) return globalThis.gc;
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as NonNullable<typeof globalThis.gc>;
}
