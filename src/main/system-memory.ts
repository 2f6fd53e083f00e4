import { readFileSync } from 'node:fs';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { cgroupMemory } from '../base/cgroup-memory.ts';
import { systemClock } from '../base/clock.ts';
import type { MemoryReading } from '../base/memory-guard.ts';
import { SharedPages } from '../base/shared-pages.ts';
import { parseMeminfo } from '../cluster/agent/parse-facts.ts';
import { freedMemory } from './freed-memory.ts';

/** The memory of the machine as this process sees it: what several servers in one process, in tests, cannot share. */
export interface SystemMemory {
  /** The lowest limit of the control groups that the process is in, in bytes. */
  readonly cgroupLimit: number | undefined;
  /** What this process uses, in bytes: on a board its part of what the processes there share, elsewhere all of it. */
  used(): number;
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
  /** Called when memory stays critical whatever is done; `of`: whose memory (`MemoryReading`). */
  onHopeless(of: string): void;
}

/** How much V8's heap may grow beyond what lived at the last collection, in percent (docs/decisions/0055). */
const HEAP_GROWTH = 50;

/** `onBoard`: whether the memory of the whole machine matters too, which the processes of a board share. */
export function systemMemory(onHopeless: SystemMemory['onHopeless'], onBoard = false): SystemMemory {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH}`);
  const cgroup = cgroupMemory();
  const gc = collector();
  const giveBack = freedMemory();
  const shared = new SharedPages();
  // The program itself, 60 MiB, is in memory once however many processes run it.
  const used = () => process.memoryUsage.rss() - (onBoard ? shared.bytes(systemClock.monotonic()) : 0);
  return {
    used,
    cgroupLimit: cgroup?.()?.limit,
    read(limit) {
      const own = { of: 'process', used: used(), limit };
      const group = cgroup?.();
      const board = onBoard ? boardMemory() : undefined;
      return [own, ...(group === undefined ? [] : [group]), ...(board === undefined ? [] : [board])];
    },
    collect: () => {
      // This flavour costs three times as much as the plain one, which gives nothing back.
      gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
      giveBack();
    },
    giveBack,
    // A tenth of the price of `process.memoryUsage()`, which asks the system for other figures with it.
    buffers: () => getHeapStatistics().external_memory,
    collectYoung: () => void gc({ type: 'minor', execution: 'sync' }),
    save: isWanted => setFlagsFromString(isWanted ? '--memory-saver-mode' : '--no-memory-saver-mode'),
    onHopeless,
  };
}

function boardMemory(): MemoryReading | undefined {
  const found = parseMeminfo(readFileSync('/proc/meminfo', 'utf8'));
  return found && { of: 'board', used: found.used, limit: found.total };
}

/** The launcher allows collecting. Where the sources are run without it, a context that begins after the flag has it. */
function collector(): NonNullable<typeof globalThis.gc> {
  if (globalThis.gc !== undefined) return globalThis.gc;
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as NonNullable<typeof globalThis.gc>;
}
