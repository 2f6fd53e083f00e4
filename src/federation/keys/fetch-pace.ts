import type { Budget } from '../../base/budget.ts';
import { ByteCache } from '../../base/byte-cache.ts';
import type { Clock } from '../../base/clock.ts';

export interface PaceSettings {
  /** The wait after a first failure in milliseconds, by how much each further one is longer, and the longest. */
  readonly initial: number;
  readonly factor: number;
  readonly longest: number;
}

interface Record {
  readonly failures: number;
  readonly notBefore: number;
}

/** What a server published does not change from one moment to the next; a key it does not list is not asked for again. */
const AFTER_SUCCESS_MS = 60_000;
/** A server that is back is believed soon, however long it was away. */
const LONGEST_MS = 10 * 60_000;

/** When a server may be asked for its keys again: strangers can make us ask, by naming keys in their requests. */
export class FetchPace {
  readonly #settings: PaceSettings;
  readonly #clock: Clock;
  readonly #records: ByteCache<Record>;

  constructor(settings: PaceSettings, clock: Clock, budget: Budget) {
    this.#records = new ByteCache({ name: 'federation_key_pace', budget, weight: 15, sizeOf: () => 50 });
    this.#settings = settings;
    this.#clock = clock;
  }

  mayAsk(server: string): boolean {
    return (this.#records.get(server)?.notBefore ?? 0) <= this.#clock.now();
  }

  succeeded(server: string): void {
    this.#records.set(server, { failures: 0, notBefore: this.#clock.now() + AFTER_SUCCESS_MS });
  }

  failed(server: string): void {
    const failures = (this.#records.get(server)?.failures ?? 0) + 1;
    const { initial, factor, longest } = this.#settings;
    const wait = Math.min(initial * factor ** (failures - 1), longest, LONGEST_MS);
    this.#records.set(server, { failures, notBefore: this.#clock.now() + wait });
  }
}
