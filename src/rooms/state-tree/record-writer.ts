import type { Tx } from '../../db/database.ts';
import { type PageStore, pageKey } from './page-store.ts';
import { encodeFacts, encodeRecord, factsId, PAGES_PER_RECORD, pageId, RECORD_BYTES, recordBytes } from './record.ts';
import { insertRecords, takeRecordNumbers } from './state-page.table.ts';
import type { Root, RootFacts } from './tree-types.ts';

/** How many records one statement inserts. */
const RECORDS_PER_INSERT = 32;
/** A big write takes its numbers in growing portions up to this; those left over are never used. */
const MOST_NUMBERS = 16;

/** Gives new pages their ids and stores them, as few records as their size allows. */
export class RecordWriter {
  readonly #store: PageStore;
  readonly #tx: Tx;
  readonly #roomNid: number;
  readonly #finished: { readonly record: number; readonly data: Uint8Array }[] = [];
  #record = 0;
  #pages: Uint8Array[] = [];
  #pageBytes = 0;
  #nextNumber = 0;
  #numbersLeft = 0;
  #portion = 1;

  constructor(store: PageStore, tx: Tx, roomNid: number) {
    this.#store = store;
    this.#tx = tx;
    this.#roomNid = roomNid;
  }

  /** The id of the page. */
  async add(page: Uint8Array): Promise<number> {
    if (this.#record === 0 || !this.#fits(page)) await this.#begin();
    const id = pageId(this.#record, this.#pages.length);
    this.#pages.push(page);
    this.#pageBytes += page.length;
    this.#store.keep(this.#tx, pageKey(this.#roomNid, id), page);
    return id;
  }

  #fits(page: Uint8Array): boolean {
    const pages = this.#pages.length + 1;
    return pages <= PAGES_PER_RECORD && recordBytes(pages, this.#pageBytes + page.length) <= RECORD_BYTES;
  }

  async #begin(): Promise<void> {
    this.#end(undefined);
    if (this.#finished.length >= RECORDS_PER_INSERT) await this.#insert();
    if (this.#numbersLeft === 0) await this.#takeNumbers();
    this.#record = this.#nextNumber++;
    this.#numbersLeft--;
  }

  async #takeNumbers(): Promise<void> {
    this.#store.countRoundTrip();
    this.#nextNumber = await takeRecordNumbers(this.#tx, this.#roomNid, this.#portion);
    this.#numbersLeft = this.#portion;
    this.#portion = Math.min(this.#portion * 2, MOST_NUMBERS);
  }

  #end(facts: Uint8Array | undefined): void {
    if (this.#pages.length === 0) return;
    const data = encodeRecord(this.#roomNid, this.#record, this.#pages, facts);
    this.#finished.push({ record: this.#record, data });
    this.#pages = [];
    this.#pageBytes = 0;
  }

  async #insert(): Promise<void> {
    this.#store.countRoundTrip();
    await insertRecords(this.#tx, this.#roomNid, this.#finished);
    this.#finished.length = 0;
  }

  /** Stores what is left. `root` must be the page that was added last. */
  async finish(root: Root, facts: RootFacts): Promise<Root> {
    const bytes = encodeFacts(facts);
    this.#end(bytes);
    await this.#insert();
    this.#store.keep(this.#tx, pageKey(this.#roomNid, factsId(root)), bytes);
    return root;
  }
}
