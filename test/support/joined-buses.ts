import { type Bus, LocalBus } from '../../src/bus/bus.ts';

/** The bus of one of several processes that a test has in one. What is said while it is cut off is lost. */
export class JoinedBus implements Bus {
  readonly isShared = true;
  readonly #here = new LocalBus(error => {
    throw error;
  });
  readonly #missed = new Set<() => void>();
  readonly #all: JoinedBus[];
  isCut = false;

  constructor(all: JoinedBus[]) {
    this.#all = all;
    all.push(this);
  }

  publish(subject: string, message?: string): void {
    for (const bus of this.#all) if (bus === this || !(this.isCut || bus.isCut)) bus.#here.publish(subject, message);
  }

  subscribe(subject: string, listener: (message: string) => void): Disposable {
    return this.#here.subscribe(subject, listener);
  }

  missed(listener: () => void): Disposable {
    this.#missed.add(listener);
    return { [Symbol.dispose]: () => void this.#missed.delete(listener) };
  }

  /** That of a further process. */
  another(): JoinedBus {
    return new JoinedBus(this.#all);
  }

  /** As the bus over NATS does when it has noticed that something was lost. */
  tellMissed(): void {
    for (const listener of [...this.#missed]) listener();
  }
}

/** The buses of two processes of a cluster. */
export function twoBuses(): readonly [JoinedBus, JoinedBus] {
  const all: JoinedBus[] = [];
  return [new JoinedBus(all), new JoinedBus(all)];
}

/** What was said has been heard. */
export function heard(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}
