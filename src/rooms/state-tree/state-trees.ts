import type { Budget } from '../../base/budget.ts';
import type { Database, Queryable, Tx } from '../../db/database.ts';
import { applyChanges, type TreeParts } from './apply.ts';
import { buildTree } from './build.ts';
import { collectionMark, collectRecords } from './collect.ts';
import { differences } from './diff.ts';
import { Fingerprints, fingerprintBytes } from './fingerprint.ts';
import { lookupAll } from './lookup.ts';
import { PageReader } from './page-reader.ts';
import { PageStore } from './page-store.ts';
import { deleteAllRecords } from './state-page.table.ts';
import { streamEntries } from './stream.ts';
import { FIRST_MEMBER_KEY, KEY_END } from './tree-key.ts';
import type {
  Change,
  Collected,
  Difference,
  Entry,
  LookupRequest,
  Root,
  StateTreeStats,
  WriteOptions,
} from './tree-types.ts';

export type { Change, Collected, Difference, Entry, LookupRequest, Root, WriteOptions } from './tree-types.ts';

export interface StateTreesOptions {
  readonly db: Database;
  /** What the page cache, one for the process, is charged to. */
  readonly budget: Budget;
  /** A secret of the server, the same for ever: fingerprints are kept on disk. */
  readonly fingerprintKey: Uint8Array;
}

/**
 * The states of all rooms: persistent B-trees of small pages from state key to event number.
 *
 * Reads take a `Queryable`: a transaction sees the roots that it made itself, the database those that are committed.
 * A record that is missing or damaged is a `StateRecordError`.
 */
export class StateTrees {
  readonly #parts: TreeParts;

  constructor(options: StateTreesOptions) {
    this.#parts = {
      store: new PageStore(options.db, options.budget),
      fingerprints: new Fingerprints(options.fingerprintKey),
    };
  }

  /**
   * The state `root` with `changes` made (any order; the last one of a key counts). Answers `root` itself when nothing
   * changes. Locks the row of the room until the transaction ends. RangeError for a key or value that cannot be.
   */
  apply(tx: Tx, roomNid: number, root: Root, changes: readonly Change[], options: WriteOptions = {}): Promise<Root> {
    return applyChanges(this.#parts, tx, { roomNid, root }, changes, options);
  }

  /** A state from all its entries in ascending order of keys, in bounded memory. RangeError when they are not in order. */
  build(
    tx: Tx,
    roomNid: number,
    entries: AsyncIterable<Entry> | Iterable<Entry>,
    options: WriteOptions = {},
  ): Promise<Root> {
    return buildTree(this.#parts, tx, roomNid, entries, options);
  }

  /** The events at many (room, root, key), in the order of the requests: one query for each level of the trees. */
  lookup(q: Queryable, requests: readonly LookupRequest[]): Promise<(number | undefined)[]> {
    return lookupAll(this.#reader(q), requests);
  }

  /** The events at the keys that the state has. */
  async get(q: Queryable, roomNid: number, root: Root, keys: readonly number[]): Promise<Map<number, number>> {
    const values = await this.lookup(
      q,
      keys.map(key => ({ roomNid, root, key })),
    );
    const found = new Map<number, number>();
    for (const [at, key] of keys.entries()) {
      const value = values[at];
      if (value !== undefined) found.set(key, value);
    }
    return found;
  }

  /** The entries with `fromKey <= key < toKey` in order of keys, in bounded memory. */
  stream(q: Queryable, roomNid: number, root: Root, fromKey = 0, toKey = KEY_END): AsyncIterableIterator<Entry> {
    const reader = new PageReader(this.#parts.store, q, 'inner');
    return streamEntries(reader, roomNid, root, { from: fromKey, to: toKey });
  }

  /** All state but the members, in order of keys. */
  nonMembers(q: Queryable, roomNid: number, root: Root): AsyncIterableIterator<Entry> {
    return streamEntries(this.#reader(q), roomNid, root, { from: 0, to: FIRST_MEMBER_KEY });
  }

  /** What differs between the states `a` (before) and `b` (after), in order of keys; costs what differs. */
  diff(q: Queryable, roomNid: number, a: Root, b: Root): Promise<Difference[]> {
    return differences(this.#reader(q), roomNid, a, b);
  }

  /** 16 bytes, equal exactly for equal states of one server (all zero for the empty one). */
  async fingerprint(q: Queryable, roomNid: number, root: Root): Promise<Uint8Array> {
    return fingerprintBytes((await this.#reader(q).facts(roomNid, root)).fingerprint);
  }

  /** The fingerprint from the entries themselves: differs from `fingerprint` when the tree is damaged. */
  async recomputeFingerprint(q: Queryable, roomNid: number, root: Root): Promise<Uint8Array> {
    let sum = 0n;
    for await (const [key, value] of this.stream(q, roomNid, root)) {
      sum = this.#parts.fingerprints.with(sum, key, value);
    }
    return fingerprintBytes(sum);
  }

  /** How many entries the state has. */
  async count(q: Queryable, roomNid: number, root: Root): Promise<number> {
    return (await this.#reader(q).facts(roomNid, root)).entries;
  }

  /** Whether members are missing from the state (MSC3706). */
  async isPartial(q: Queryable, roomNid: number, root: Root): Promise<boolean> {
    return (await this.#reader(q).facts(roomNid, root)).partial;
  }

  /** To be taken before the roots to keep are gathered: what is written from then on is out of a collection's reach. */
  collectionMark(q: Queryable, roomNid: number): Promise<number> {
    return collectionMark(this.#parts.store, q, roomNid);
  }

  /**
   * Deletes the records older than `mark` that none of `keptRoots` needs, in batches. A root that is older than the mark
   * and not among `keptRoots` must not be used again. Without a mark it is taken here: then nothing may be written to
   * the room between the gathering of `keptRoots` and the end of the call.
   */
  collect(db: Database, roomNid: number, keptRoots: readonly Root[], mark?: number): Promise<Collected> {
    return collectRecords(this.#parts.store, db, roomNid, keptRoots, mark);
  }

  /** Deletes all states of a room; answers the number of records. Record numbers are not used again. */
  dropRoom(tx: Tx, roomNid: number): Promise<number> {
    this.#parts.store.countRoundTrip();
    return deleteAllRecords(tx, roomNid);
  }

  get stats(): StateTreeStats {
    return this.#parts.store.stats;
  }

  #reader(q: Queryable): PageReader {
    return new PageReader(this.#parts.store, q);
  }
}
