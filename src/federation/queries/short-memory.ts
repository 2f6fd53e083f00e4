import type { Budget } from '../../base/budget.ts';
import { ByteCache } from '../../base/byte-cache.ts';
import type { Clock } from '../../base/clock.ts';
import { MatrixError } from '../../core/matrix-error.ts';

export interface ShortMemoryOptions<V> {
  readonly name: string;
  readonly budget: Budget;
  readonly weight: number;
  readonly clock: Clock;
  /** For so long an answer holds, in milliseconds. */
  readonly lifetimeMs: number;
  /** In bytes. */
  readonly sizeOf: (value: V) => number;
  /** Which failures are remembered too; all when absent. */
  readonly keeps?: (failure: MatrixError) => boolean;
}

/** A question that failed is asked again after this long, or after the lifetime of answers where that is shorter. */
const FAILURE_MS = 30_000;

type Outcome<V> = { readonly value: V } | { readonly error: MatrixError };

/** Answers of other servers, kept for a while. Those who ask the same at the same time share one question. */
export class ShortMemory<V> {
  readonly #options: ShortMemoryOptions<V>;
  readonly #outcomes: ByteCache<Outcome<V> & { readonly until: number }>;
  readonly #running = new Map<string, Promise<Outcome<V>>>();

  constructor(options: ShortMemoryOptions<V>) {
    this.#options = options;
    const { name, budget, weight } = options;
    this.#outcomes = new ByteCache({
      name,
      budget,
      weight,
      sizeOf: outcome => ('value' in outcome ? options.sizeOf(outcome.value) : 600),
    });
  }

  /** The answer to the question that `key` names. @throws MatrixError and whatever else `ask` throws */
  async get(key: string, ask: () => Promise<V>): Promise<V> {
    const known = this.#outcomes.get(key);
    const outcome =
      known !== undefined && known.until > this.#options.clock.now() ? known : await this.#askOnce(key, ask);
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  }

  #askOnce(key: string, ask: () => Promise<V>): Promise<Outcome<V>> {
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const asking = this.#ask(key, ask).finally(() => this.#running.delete(key));
    this.#running.set(key, asking);
    return asking;
  }

  async #ask(key: string, ask: () => Promise<V>): Promise<Outcome<V>> {
    const outcome = await ask().then(
      value => ({ value }),
      (error: unknown) => {
        if (error instanceof MatrixError) return { error };
        throw error;
      },
    );
    const { clock, lifetimeMs, keeps } = this.#options;
    if ('error' in outcome && keeps?.(outcome.error) === false) return outcome;
    const lasts = 'value' in outcome ? lifetimeMs : Math.min(FAILURE_MS, lifetimeMs);
    this.#outcomes.set(key, { ...outcome, until: clock.now() + lasts });
    return outcome;
  }
}
