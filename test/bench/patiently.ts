import { setTimeout } from 'node:timers/promises';

export interface Patience {
  readonly longestMs?: number;
  readonly pauseMs?: number;
}

/** A client that was told to come back does. @throws what it was told last */
export async function patiently<T>(
  ask: () => Promise<T>,
  { longestMs = 10 * 60_000, pauseMs = 200 }: Patience = {},
): Promise<T> {
  const end = performance.now() + longestMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (performance.now() > end) throw error;
      await setTimeout(pauseMs);
    }
  }
}
