import { type Clock, sleep } from '../../base/clock.ts';
import { backlogOf } from './capture.ts';
import type { MoveEnds } from './copy.ts';
import { type CutOver, cutOver, PauseTooLongError } from './cut-over.ts';
import { openSettled, replay } from './replay.ts';
import { type Verified, verify } from './verify.ts';

export type Phase = 'copying' | 'catching up' | 'comparing' | 'switching';

/** How far a move has come. */
export interface Progress {
  readonly phase: Phase;
  readonly table?: string;
  readonly rows?: number;
  /** Rows in all, when they were counted. */
  readonly all?: number;
  /** Changes that wait. */
  readonly backlog?: number;
}

/** So few changes, brought over so fast, are left for when the writers wait. */
const SMALL_BACKLOG = 500;
const FAST_MS = 700;
const MOST_TRIES = 20;

/** Brings over what has changed until that is little and fast. */
async function catchUp(ends: MoveEnds, clock: Clock, report: (progress: Progress) => void, signal: AbortSignal) {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    signal.throwIfAborted();
    const began = clock.monotonic();
    report({ phase: 'catching up', backlog: await backlogOf(ends.source) });
    await using snapshot = await openSettled(ends);
    const { changes } = await replay(ends, snapshot);
    if (changes <= SMALL_BACKLOG && clock.monotonic() - began < FAST_MS) return;
  }
}

/**
 * From a target that has been filled to one that is in use: catches up, compares all contents, catches up again, and
 * cuts over. @throws MoveError
 */
export async function finishMove(
  parts: CutOver,
  report: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<Verified & { readonly pausedMs: number }> {
  const { ends, clock } = parts;
  await catchUp(ends, clock, report, signal);
  const verified = await compare(ends, report);
  for (let tries = 1; ; tries++) {
    await catchUp(ends, clock, report, signal);
    report({ phase: 'switching' });
    try {
      return { ...verified, pausedMs: await cutOver(parts) };
    } catch (error) {
      if (!(error instanceof PauseTooLongError) || tries === MOST_TRIES) throw error;
      await sleep(clock, tries * 1000, signal);
    }
  }
}

async function compare(ends: MoveEnds, report: (progress: Progress) => void): Promise<Verified> {
  await using snapshot = await openSettled(ends);
  await replay(ends, snapshot);
  // The snapshot is closed as soon as this returns.
  return await verify(ends, snapshot, ({ table, rows }) => report({ phase: 'comparing', table, rows }));
}
