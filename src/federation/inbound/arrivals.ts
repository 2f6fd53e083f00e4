import type { Budget } from '../../base/budget.ts';
import { ByteCache } from '../../base/byte-cache.ts';
import type { EventId, ServerName } from '../../core/ids.ts';

/** From whom an event came first, when, and whether that server sent it or was asked for it. */
export interface Arrival {
  readonly server: ServerName;
  readonly at: number;
  readonly how: 'sent' | 'asked';
}

/** Which server brought which event, of those that came last since the start. Nothing is written for it. */
export class Arrivals {
  readonly #arrivals: ByteCache<Arrival>;

  constructor(budget: Budget) {
    this.#arrivals = new ByteCache({ name: 'arrivals', budget, weight: 2, sizeOf: () => 120 });
  }

  note(eventIds: readonly EventId[], arrival: Arrival): void {
    for (const id of eventIds) if (this.#arrivals.get(id) === undefined) this.#arrivals.set(id, arrival);
  }

  of(eventId: EventId): Arrival | undefined {
    return this.#arrivals.get(eventId);
  }
}
