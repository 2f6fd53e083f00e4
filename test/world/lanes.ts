import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { SeedResult } from './one-seed.ts';

/** What came of one seed. */
export interface Line extends SeedResult {
  readonly seed: number;
}

/** How many processes run worlds side by side. */
export const LANES = 2;
/** Several servers side by side leave much that lives for a moment; with less, an eighth more time goes into collecting it. */
const YOUNG = '--max-semi-space-size=64';
const MEMORY_DISK = '/dev/shm';
const ROOM_FOR_WORLDS = 1 << 30;

/** Runs tasks side by side, each lane one after the other. */
export async function inLanes<T>(tasks: readonly T[], run: (task: T) => Promise<void>): Promise<void> {
  const rest = [...tasks];
  const runLane = async () => {
    for (let task = rest.shift(); task !== undefined; task = rest.shift()) await run(task);
  };
  await Promise.all(Array.from({ length: LANES }, runLane));
}

/** Runs seeds in a process of their own, one after the other; what is left is not run when the caller ends early. */
export async function* runRow(rowArgs: readonly string[]): AsyncGenerator<Line> {
  const child = startRow(rowArgs);
  try {
    for await (const text of createInterface(child.stdout)) yield JSON.parse(text) as Line;
  } finally {
    child.kill('SIGKILL');
  }
}

function startRow(rowArgs: readonly string[]): ChildProcessByStdio<null, Readable, null> {
  const script = join(import.meta.dirname, 'lane.ts');
  return spawn(process.execPath, [YOUNG, script, ...rowArgs], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR: quickFolder() },
  });
}

/** A disk in memory where there is one: what is synced there takes no time, and no crash here is of the machine. */
function quickFolder(): string {
  try {
    const { bavail, bsize } = statfsSync(MEMORY_DISK);
    return bavail * bsize >= ROOM_FOR_WORLDS ? MEMORY_DISK : tmpdir();
  } catch {
    return tmpdir();
  }
}
