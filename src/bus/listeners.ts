export type Listener = (message: string) => void;

/** Who listens to what in this process. */
export class Listeners {
  readonly #bySubject = new Map<string, Set<Listener>>();
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** In a later microtask, so that who publishes is not in the middle of something. */
  callLater(subject: string, message: string): void {
    if (this.#bySubject.has(subject)) queueMicrotask(() => this.call(subject, message));
  }

  /** One that throws stops no other. */
  call(subject: string, message: string): void {
    for (const listener of [...(this.#bySubject.get(subject) ?? [])]) {
      try {
        listener(message);
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  add(subject: string, listener: Listener): Disposable {
    const listeners = this.#bySubject.get(subject) ?? new Set();
    this.#bySubject.set(subject, listeners);
    // Each addition is taken away on its own, also where one function listens twice.
    const added: Listener = message => listener(message);
    listeners.add(added);
    return {
      [Symbol.dispose]: () => {
        listeners.delete(added);
        if (listeners.size === 0 && this.#bySubject.get(subject) === listeners) this.#bySubject.delete(subject);
      },
    };
  }
}
