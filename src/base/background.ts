import { AsyncLocalStorage } from 'node:async_hooks';

const background = new AsyncLocalStorage<true>();

/**
 * Runs work that nobody waits for, and everything that it calls: where something is short, it stands behind the work that
 * somebody waits for.
 */
export function inBackground<T>(work: () => T): T {
  return background.run(true, work);
}

/** A loop that runs in the background. */
export function behind(run: (signal: AbortSignal) => Promise<void>): (signal: AbortSignal) => Promise<void> {
  return signal => inBackground(() => run(signal));
}

export function isInBackground(): boolean {
  return background.getStore() === true;
}
