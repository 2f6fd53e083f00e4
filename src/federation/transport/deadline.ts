import type { Clock } from '../../base/clock.ts';

export class DeadlineError extends Error {
  constructor(ms: number) {
    super(`no answer within ${ms / 1000} s`);
    this.name = 'DeadlineError';
  }
}

/** A signal that aborts after a time, with a DeadlineError, or with another signal. Disposing of it stops both. */
export class Deadline implements Disposable {
  readonly signal: AbortSignal;
  readonly #other: AbortSignal | undefined;
  readonly #timer: { cancel(): void };

  constructor(clock: Clock, ms: number, other?: AbortSignal) {
    this.#other = other;
    const late = new AbortController();
    this.signal = other === undefined ? late.signal : AbortSignal.any([late.signal, other]);
    this.#timer = clock.after(ms, () => late.abort(new DeadlineError(ms)));
  }

  /** Whether it was the other signal that ended it. */
  get wasAbortedByCaller(): boolean {
    return this.#other?.aborted === true && this.signal.reason === this.#other.reason;
  }

  /** The promise's result, unless the time is over before it; what the promise does is not stopped. */
  wait<T>(promise: Promise<T>): Promise<T> {
    const { signal } = this;
    return new Promise((resolve, reject) => {
      const abort = () => reject(signal.reason);
      if (signal.aborted) abort();
      signal.addEventListener('abort', abort, { once: true });
      promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    });
  }

  [Symbol.dispose](): void {
    this.#timer.cancel();
  }
}
