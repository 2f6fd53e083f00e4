import { MessageChannel } from 'node:worker_threads';

export interface UntilSignal extends Disposable {
  /** Aborts with SIGINT or SIGTERM. A second one ends the process at once. */
  readonly signal: AbortSignal;
}

/** Keeps the process alive until it is disposed of: timers alone keep none. */
export function untilSignal(): UntilSignal {
  const { port1: alive } = new MessageChannel();
  alive.on('message', () => undefined);
  return { signal: abortWithSignal(), [Symbol.dispose]: () => alive.close() };
}

/** Aborts with SIGINT or SIGTERM. A second one ends the process at once. */
export function abortWithSignal(): AbortSignal {
  const ending = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => ending.abort());
  return ending.signal;
}
