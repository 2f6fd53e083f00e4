import type { Budget } from '../../base/budget.ts';
import { ByteCache } from '../../base/byte-cache.ts';
import type { Database, Queryable, Tx } from '../../db/database.ts';
import { readRecords, type StateRecordRow } from './state-page.table.ts';

/** What a short Uint8Array costs besides its bytes (measured: 300). */
const ARRAY_BYTES = 300;
/** The most that one transaction keeps of what it has read and written; beyond it, its reads go to the database. */
const TX_BYTES = 1024 * 1024;

function isTx(q: Queryable): q is Tx {
  return 'isTransaction' in q;
}

export function pageKey(roomNid: number, id: number): string {
  return `${roomNid}.${id}`;
}

/** The pages that a transaction has read or written. They may be rolled back, and their ids then given out again. */
class TxPages {
  readonly pages = new Map<string, Uint8Array>();
  #bytes = 0;

  set(key: string, page: Uint8Array): void {
    if (this.#bytes > TX_BYTES) this.clear();
    this.pages.set(key, page);
    this.#bytes += page.length + ARRAY_BYTES;
  }

  clear(): void {
    this.pages.clear();
    this.#bytes = 0;
  }
}

/** The page cache of the process, and in front of it what running transactions have seen and written. */
export class PageStore {
  readonly #db: Database;
  readonly #cache: ByteCache<Uint8Array>;
  readonly #ofTx = new WeakMap<Queryable, TxPages>();
  #roundTrips = 0;

  constructor(db: Database, budget: Budget) {
    this.#db = db;
    this.#cache = new ByteCache({
      name: 'state_page',
      budget,
      weight: 160,
      sizeOf: page => page.length + ARRAY_BYTES,
    });
  }

  cached(q: Queryable, key: string): Uint8Array | undefined {
    return this.#ofTx.get(q)?.pages.get(key) ?? this.#cache.get(key);
  }

  /**
   * Remembers a page for readers of `q`, and for all once the transaction has committed. Pages that a transaction
   * has only read wait as well: on SQLite they can be those of another one of the same commit.
   */
  keep(q: Queryable, key: string, page: Uint8Array): void {
    if (q === this.#db) this.#cache.set(key, page);
    else if (isTx(q)) this.#pagesOf(q).set(key, page);
  }

  #pagesOf(tx: Tx): TxPages {
    const known = this.#ofTx.get(tx);
    if (known !== undefined) return known;
    const own = new TxPages();
    this.#ofTx.set(tx, own);
    tx.afterCommit(() => {
      for (const [key, page] of own.pages) this.#cache.set(key, page);
      this.#ofTx.delete(tx);
    });
    tx.afterRollback(() => this.#ofTx.delete(tx));
    return own;
  }

  read(q: Queryable, wanted: ReadonlyMap<number, ReadonlySet<number>>): Promise<StateRecordRow[]> {
    return readRecords(q, wanted, () => this.countRoundTrip());
  }

  countRoundTrip(): void {
    this.#roundTrips++;
  }

  get stats(): { readonly bytes: number; readonly hits: number; readonly misses: number; readonly roundTrips: number } {
    const { bytes, hits, misses } = this.#cache.stats;
    return { bytes, hits, misses, roundTrips: this.#roundTrips };
  }
}
