import type { Clock } from '../../base/clock.ts';
import type { Bus } from '../../bus/bus.ts';

/** The bus subject on which a server, by number, is told of that was heard. */
const HEARD_SUBJECT = 'federation-heard';
/** Of one server it is told this often. */
const EVERY_MS = 30_000;
/** Servers of which it is remembered that they were told of. */
const MOST_REMEMBERED = 5000;

/** Told at once, however often it was. */
export function tellHeard(bus: Bus, domainNid: number): void {
  bus.publish(HEARD_SUBJECT, String(domainNid));
}

/**
 * Brings signs of life to the process that sends to a server: its requests come to any of them, and only one knows that the
 * server has failed.
 */
export class SignsOfLife {
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #toldAt = new Map<number, number>();

  constructor({ bus, clock }: { readonly bus: Bus; readonly clock: Clock }) {
    this.#bus = bus;
    this.#clock = clock;
  }

  tell(domainNid: number): void {
    const now = this.#clock.monotonic();
    if (now - (this.#toldAt.get(domainNid) ?? Number.NEGATIVE_INFINITY) < EVERY_MS) return;
    if (this.#toldAt.size >= MOST_REMEMBERED) this.#toldAt.clear();
    this.#toldAt.set(domainNid, now);
    tellHeard(this.#bus, domainNid);
  }

  listen(listener: (domainNid: number) => void): Disposable {
    return this.#bus.subscribe(HEARD_SUBJECT, message => listener(Number(message)));
  }
}
