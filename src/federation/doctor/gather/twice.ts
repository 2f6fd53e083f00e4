import { type Clock, sleep } from '../../../base/clock.ts';

/** A proxy that reloads, or a process that is started anew, is mostly back by then. */
export const PAUSE_MS = 1000;

/** What is seen; where that is bad, what is seen after a pause: one bad answer proves nothing. */
export async function twice<T>(
  clock: Clock,
  look: () => Promise<T>,
  isEnough: (seen: T, tookMs: number) => boolean,
  pauseMs = PAUSE_MS,
): Promise<T> {
  const began = clock.monotonic();
  const seen = await look();
  if (isEnough(seen, clock.monotonic() - began)) return seen;
  if (pauseMs > 0) await sleep(clock, pauseMs);
  return look();
}
