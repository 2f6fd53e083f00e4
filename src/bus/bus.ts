/**
 * Messages between parts and, in a cluster, between processes. A message is a hint: it may be lost, and whoever
 * listens must be right without it (it reads the logs), only later.
 */
export interface Bus {
  publish(subject: string, message?: string): void;
  subscribe(subject: string, listener: (message: string) => void): Disposable;
}

/** The bus of a single process: listeners run in a later microtask, and one that throws stops no other. */
export class LocalBus implements Bus {
  readonly #listeners = new Map<string, Set<(message: string) => void>>();
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  publish(subject: string, message = ''): void {
    const listeners = this.#listeners.get(subject);
    if (listeners === undefined) return;
    queueMicrotask(() => {
      for (const listener of [...listeners]) this.#call(listener, message);
    });
  }

  #call(listener: (message: string) => void, message: string): void {
    try {
      listener(message);
    } catch (error) {
      this.#onError(error);
    }
  }

  subscribe(subject: string, listener: (message: string) => void): Disposable {
    const listeners = this.#listeners.get(subject) ?? new Set();
    this.#listeners.set(subject, listeners);
    listeners.add(listener);
    return {
      [Symbol.dispose]: () => {
        listeners.delete(listener);
        if (listeners.size === 0 && this.#listeners.get(subject) === listeners) this.#listeners.delete(subject);
      },
    };
  }
}
