import { setTimeout as wait } from 'node:timers/promises';

const POLL_MS = 50;

/**
 * Tries `check` until it passes, for whatever reaches another client in its own time.
 *
 * @throws what the last try threw, after `withinMs`
 */
export async function eventually<Result>(check: () => Promise<Result>, withinMs = 60_000): Promise<Result> {
  const deadline = AbortSignal.timeout(withinMs);
  while (true) {
    try {
      return await check();
    } catch (error) {
      if (deadline.aborted) throw error;
      await wait(POLL_MS);
    }
  }
}
