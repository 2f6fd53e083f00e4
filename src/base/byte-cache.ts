import { LRUCache } from 'lru-cache';
import type { Budget, BudgetedCache } from './budget.ts';

export interface ByteCacheOptions<V> {
  /** Shown in metrics. */
  readonly name: string;
  /** The budget that it is charged to, which bounds it. */
  readonly budget: Budget;
  /** See `BudgetedCache.weight`: a thousandth of the room for caches is about 1. */
  readonly weight: number;
  /** What an entry costs in bytes, its key and bookkeeping included. */
  readonly sizeOf: (value: V, key: string) => number;
}

/** Bytes that the cache itself needs for an entry, on top of key and value (measured, rounded up). */
const ENTRY_OVERHEAD = 120;

/** A least-recently-used cache whose bytes come out of the memory budget. */
export class ByteCache<V extends NonNullable<unknown>> implements BudgetedCache {
  readonly name: string;
  readonly weight: number;
  readonly #entries: LRUCache<string, V>;
  readonly #moved: (bytes: number) => void;
  #hits = 0;
  #misses = 0;

  constructor({ name, budget, weight, sizeOf }: ByteCacheOptions<V>) {
    this.name = name;
    this.weight = weight;
    this.#entries = new LRUCache<string, V>({
      maxSize: Math.max(budget.bytes, 1),
      sizeCalculation: (value, key) => sizeOf(value, key) + key.length + ENTRY_OVERHEAD,
    });
    this.#moved = budget.addCache(this);
  }

  get(key: string): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) this.#misses++;
    else this.#hits++;
    return value;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  set(key: string, value: V): void {
    this.#charged(() => this.#entries.set(key, value));
  }

  delete(key: string): void {
    this.#charged(() => this.#entries.delete(key));
  }

  clear(): void {
    this.#charged(() => this.#entries.clear());
  }

  /** Gives up the entry that was used longest ago; false when there is none. */
  dropOldest(): boolean {
    if (this.#entries.size === 0) return false;
    this.#charged(() => this.#entries.pop());
    return true;
  }

  #charged(change: () => unknown): void {
    const before = this.bytes;
    change();
    this.#moved(this.bytes - before);
  }

  get bytes(): number {
    return this.#entries.calculatedSize;
  }

  get stats(): { readonly bytes: number; readonly entries: number; readonly hits: number; readonly misses: number } {
    return { bytes: this.bytes, entries: this.#entries.size, hits: this.#hits, misses: this.#misses };
  }
}
