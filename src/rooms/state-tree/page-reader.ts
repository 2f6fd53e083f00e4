import type { Queryable } from '../../db/database.ts';
import { levelOf } from './page.ts';
import { type PageStore, pageKey } from './page-store.ts';
import { decodeFacts, factsId, recordOf, StateRecord, StateRecordError } from './record.ts';
import type { Root, RootFacts } from './tree-types.ts';

/** Which of the pages it reads a reader leaves in the cache. A stream through a whole room must not flush it. */
export type Keep = 'all' | 'inner' | 'none';

const NO_STATE: RootFacts = { partial: false, entries: 0, fingerprint: 0n };

/**
 * Reads pages for one operation. `page` answers from memory, without a promise; what it does not have is noted, and
 * the next `fetch` gets all of that in one query. The pages of the last fetch are there whatever the cache has dropped.
 */
export class PageReader {
  readonly #store: PageStore;
  readonly #q: Queryable;
  readonly #keep: Keep;
  #wanted = new Map<number, Set<number>>();
  readonly #records = new Map<string, StateRecord>();
  /** The pages of these records that somebody has asked for. */
  readonly #pages = new Map<string, Uint8Array>();

  constructor(store: PageStore, q: Queryable, keep: Keep = 'all') {
    this.#store = store;
    this.#q = q;
    this.#keep = keep;
  }

  /** The page, or undefined: then it will be there after the next `fetch`. */
  page(roomNid: number, id: number): Uint8Array | undefined {
    const key = pageKey(roomNid, id);
    const page = this.#fetched(roomNid, id, key) ?? this.#store.cached(this.#q, key);
    if (page === undefined) this.#want(roomNid, recordOf(id));
    return page;
  }

  #fetched(roomNid: number, id: number, key: string): Uint8Array | undefined {
    if (this.#records.size === 0) return undefined;
    const known = this.#pages.get(key);
    if (known !== undefined) return known;
    const page = this.#records.get(pageKey(roomNid, recordOf(id)))?.copy(id);
    if (page === undefined) return undefined;
    this.#pages.set(key, page);
    if (this.#keep === 'all' || (this.#keep === 'inner' && levelOf(page) > 0)) this.#store.keep(this.#q, key, page);
    return page;
  }

  #want(roomNid: number, record: number): void {
    const records = this.#wanted.get(roomNid);
    if (records === undefined) this.#wanted.set(roomNid, new Set([record]));
    else records.add(record);
  }

  /** Throws StateRecordError when a record is missing or damaged. */
  async fetch(): Promise<void> {
    const wanted = this.#wanted;
    this.#wanted = new Map();
    this.#records.clear();
    this.#pages.clear();
    for (const { room_nid, rec, data } of await this.#store.read(this.#q, wanted)) {
      this.#records.set(pageKey(room_nid, rec), new StateRecord(room_nid, rec, data));
    }
    for (const [roomNid, records] of wanted) {
      for (const record of records) {
        if (!this.#records.has(pageKey(roomNid, record))) throw new StateRecordError(roomNid, record, 'is missing');
      }
    }
  }

  /** Pages of one room in the order of `ids`, with one query for those that are not in memory. */
  async load(roomNid: number, ids: readonly number[]): Promise<Uint8Array[]> {
    const pages = ids.map(id => this.page(roomNid, id));
    if (pages.includes(undefined)) {
      await this.fetch();
      for (const [at, id] of ids.entries()) pages[at] ??= this.page(roomNid, id);
    }
    return pages as Uint8Array[];
  }

  async facts(roomNid: number, root: Root): Promise<RootFacts> {
    if (root === 0) return NO_STATE;
    const [bytes] = await this.load(roomNid, [factsId(root)]);
    return decodeFacts(bytes!);
  }
}
