import type { Tx } from '../../db/database.ts';
import type { TreeParts } from './apply.ts';
import { BULK_PAGE_BYTES, checkEntry, PageWriter } from './page.ts';
import { RecordWriter } from './record-writer.ts';
import type { Entry, Root, WriteOptions } from './tree-types.ts';

/** See StateTrees.build: one unfinished page for each level is all that is held. */
export async function buildTree(
  { store, fingerprints }: TreeParts,
  tx: Tx,
  roomNid: number,
  sorted: AsyncIterable<Entry> | Iterable<Entry>,
  options: WriteOptions,
): Promise<Root> {
  const writer = new RecordWriter(store, tx, roomNid);
  const tree = new BulkTree(writer);
  let last = -1;
  let entries = 0;
  let fingerprint = 0n;
  for await (const [key, value] of sorted) {
    checkEntry(key, value);
    if (key <= last) throw new RangeError(`the key ${key} comes after ${last}: not in order`);
    last = key;
    entries++;
    fingerprint = fingerprints.with(fingerprint, key, value);
    if (!tree.add(0, key, value)) await tree.addToNextPage(0, key, value);
  }
  if (entries === 0) return 0;
  return writer.finish(await tree.finish(), { partial: options.partial === true, entries, fingerprint });
}

class BulkTree {
  readonly #writer: RecordWriter;
  /** The unfinished page of each level. */
  readonly #pages: PageWriter[] = [];

  constructor(writer: RecordWriter) {
    this.#writer = writer;
  }

  /** Whether the entry fitted into the page at hand: nearly always, so that most entries cost no promise. */
  add(level: number, key: number, value: number): boolean {
    this.#pages[level] ??= new PageWriter(level);
    const page = this.#pages[level];
    if (page.count > 0 && page.bytesWith(key, value) > BULK_PAGE_BYTES) return false;
    page.add(key, value);
    return true;
  }

  async addToNextPage(level: number, key: number, value: number): Promise<void> {
    await this.#addAbove(level, await this.#close(level));
    this.add(level, key, value);
  }

  async #close(level: number): Promise<Entry> {
    const page = this.#pages[level]!;
    const { firstKey } = page;
    return [firstKey, await this.#writer.add(page.take())];
  }

  async #addAbove(level: number, [key, id]: Entry): Promise<void> {
    if (!this.add(level + 1, key, id)) await this.addToNextPage(level + 1, key, id);
  }

  /** Closes all pages from the leaves up; the highest one has never been full and is the root. */
  async finish(): Promise<Root> {
    for (let level = 0; ; level++) {
      const closed = await this.#close(level);
      if (level === this.#pages.length - 1) return closed[1];
      await this.#addAbove(level, closed);
    }
  }
}
