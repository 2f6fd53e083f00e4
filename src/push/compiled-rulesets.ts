import type { Budget } from '../base/budget.ts';
import { ByteCache } from '../base/byte-cache.ts';
import type { Clock } from '../base/clock.ts';
import type { Bus } from '../bus/bus.ts';
import type { Queryable } from '../db/database.ts';
import { type CompiledRules, compileRules } from './evaluate.ts';
import { storedRulesOf } from './push-rules.table.ts';
import { PUSH_RULES_SUBJECT } from './push-rules.ts';

/** What the cache keeps besides the rules themselves. */
const ENTRY_BYTES = 64;
/** A hint of the bus can be lost: after this time, rules are read again. */
const MOST_AGE_MS = 60_000;

interface Entry {
  readonly rules: CompiledRules;
  readonly readAt: number;
}

/**
 * The compiled rules of users, bounded in bytes. Users who changed nothing share one object. A change is told by the
 * bus; should its hint be lost and nobody notice, it is seen a minute later.
 */
export class CompiledRulesets implements Disposable {
  readonly #cache: ByteCache<Entry>;
  readonly #clock: Clock;
  readonly #subscriptions = new DisposableStack();
  /** Counts changes, so that rules read before one are not kept after it. */
  #changes = 0;

  constructor(parts: { readonly bus: Bus; readonly clock: Clock; readonly budget: Budget }) {
    this.#clock = parts.clock;
    this.#cache = new ByteCache({
      name: 'push_rules',
      budget: parts.budget,
      weight: 80,
      sizeOf: entry => entry.rules.bytes + ENTRY_BYTES,
    });
    this.#subscriptions.use(parts.bus.subscribe(PUSH_RULES_SUBJECT, userNid => this.#forget(userNid)));
    this.#subscriptions.use(parts.bus.missed(() => this.#forgetAll()));
  }

  #forget(userNid: string): void {
    this.#changes++;
    this.#cache.delete(userNid);
  }

  #forgetAll(): void {
    this.#changes++;
    this.#cache.clear();
  }

  /** The rules of each of the users. */
  async of(db: Queryable, userNids: readonly number[]): Promise<Map<number, CompiledRules>> {
    const now = this.#clock.monotonic();
    const found = new Map<number, CompiledRules>();
    const missing: number[] = [];
    for (const userNid of userNids) {
      const entry = this.#cache.get(String(userNid));
      if (entry === undefined || now - entry.readAt > MOST_AGE_MS) missing.push(userNid);
      else found.set(userNid, entry.rules);
    }
    if (missing.length > 0) await this.#read(db, missing, found, now);
    return found;
  }

  async #read(db: Queryable, missing: readonly number[], found: Map<number, CompiledRules>, now: number) {
    const before = this.#changes;
    const stored = await storedRulesOf(db, missing);
    for (const userNid of missing) {
      const rules = compileRules(stored.get(userNid) ?? []);
      found.set(userNid, rules);
      if (this.#changes === before) this.#cache.set(String(userNid), { rules, readAt: now });
    }
  }

  get stats(): ByteCache<Entry>['stats'] {
    return this.#cache.stats;
  }

  [Symbol.dispose](): void {
    this.#subscriptions.dispose();
  }
}
