import { MessageChannel } from 'node:worker_threads';

export interface UntilSignal extends Disposable {
  /** Aborts with SIGINT or SIGTERM. A second one ends the process at once. */
  readonly signal: AbortSignal;
}

/** Keeps the process alive until it is disposed of: timers alone keep none. */
export function untilSignal(): UntilSignal {
  const ending = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => ending.abort());
  const { port1: alive } = new MessageChannel();
  alive.on('message', () => undefined);
  return { signal: ending.signal, [Symbol.dispose]: () => alive.close() };
}
