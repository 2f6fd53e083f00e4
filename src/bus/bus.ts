import { type Listener, Listeners } from './listeners.ts';

/**
 * Messages between parts and, in a cluster, between processes. A message is a hint: it may be lost, and whoever
 * listens must be right without it (it reads the logs), only later. Messages of one process arrive in their order.
 */
export interface Bus {
  /** Whether others than this process say something: what they say comes after what is read of the database. */
  readonly isShared: boolean;
  publish(subject: string, message?: string): void;
  subscribe(subject: string, listener: Listener): Disposable;
  /**
   * `listener` is called whenever messages of other processes may have been lost, and again and again while they may be:
   * whoever keeps what a message would have outdated drops it.
   */
  missed(listener: () => void): Disposable;
}

/** The bus of a single process: listeners run in a later microtask, one that throws stops no other, nothing is lost. */
export class LocalBus implements Bus {
  readonly isShared: boolean = false;
  readonly #listeners: Listeners;

  constructor(onError: (error: unknown) => void) {
    this.#listeners = new Listeners(onError);
  }

  publish(subject: string, message = ''): void {
    this.#listeners.callLater(subject, message);
  }

  subscribe(subject: string, listener: Listener): Disposable {
    return this.#listeners.add(subject, listener);
  }

  missed(): Disposable {
    return { [Symbol.dispose]: () => undefined };
  }
}
