import { LRUCache } from 'lru-cache';

export interface ByteCacheOptions<V> {
  /** Shown in metrics. */
  readonly name: string;
  /** The bound: the sum of the sizes of all entries, in bytes. */
  readonly maxBytes: number;
  /** What an entry costs in bytes, its key and bookkeeping included. */
  readonly sizeOf: (value: V, key: string) => number;
}

/** What the memory budget sees of a cache. */
export interface SizedCache {
  readonly name: string;
  readonly bytes: number;
  shrinkTo(bytes: number): void;
}

/** Bytes that the cache itself needs for an entry, on top of key and value (measured, rounded up). */
const ENTRY_OVERHEAD = 120;

/** A least-recently-used cache bounded in bytes. An entry larger than the whole cache is not kept. */
export class ByteCache<V extends NonNullable<unknown>> implements SizedCache {
  readonly name: string;
  readonly #entries: LRUCache<string, V>;
  #hits = 0;
  #misses = 0;

  constructor(options: ByteCacheOptions<V>) {
    this.name = options.name;
    this.#entries = new LRUCache<string, V>({
      maxSize: options.maxBytes,
      sizeCalculation: (value, key) => options.sizeOf(value, key) + key.length + ENTRY_OVERHEAD,
    });
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
    this.#entries.set(key, value);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** Drops the oldest entries until at most `bytes` are held. */
  shrinkTo(bytes: number): void {
    while (this.#entries.calculatedSize > bytes && this.#entries.size > 0) this.#entries.pop();
  }

  get bytes(): number {
    return this.#entries.calculatedSize;
  }

  get stats(): { readonly bytes: number; readonly entries: number; readonly hits: number; readonly misses: number } {
    return { bytes: this.bytes, entries: this.#entries.size, hits: this.#hits, misses: this.#misses };
  }
}
