import type { Budget } from '../base/budget.ts';
import { ByteCache } from '../base/byte-cache.ts';
import type { Queryable } from '../db/database.ts';
import { roomRootAt, timelineBackward } from '../rooms/events.table.ts';
import { publicReceiptsSince, type ReceiptRow } from '../rooms/receipts.table.ts';
import { hasStateEntry, LOG_DEVICE_LIST, refsBetween } from '../rooms/room-log.table.ts';

/** A stretch of a room's log: `after < pos <= upTo`. */
export interface RoomStretch {
  readonly roomNid: number;
  readonly after: number;
  readonly upTo: number;
}

type Place = { readonly nid: number; readonly pos: number };

/** Of each of the five caches. What is told to many at once is told within seconds, so little is enough. */
const WEIGHT = 8;
const ROW_BYTES = 160;

/** Reads through a cache, and once for those who ask for the same at the same time. */
class SharedReads<V extends NonNullable<unknown>> {
  readonly #done: ByteCache<V>;
  readonly #running = new Map<string, Promise<V>>();

  constructor(name: string, budget: Budget, sizeOf: (value: V) => number) {
    this.#done = new ByteCache<V>({ name, budget, weight: WEIGHT, sizeOf });
  }

  async get(key: string, read: () => Promise<V>): Promise<V> {
    const known = this.#done.get(key) ?? this.#running.get(key);
    if (known !== undefined) return known;
    const running = read().finally(() => this.#running.delete(key));
    this.#running.set(key, running);
    const value = await running;
    this.#done.set(key, value);
    return value;
  }
}

const ofRows = (rows: readonly unknown[]) => rows.length * ROW_BYTES;

/**
 * What the syncs of a room's members have in common: they read the same stretch of the log, one after the other. Logs
 * only grow, and a stretch that ends at or before a position that was read once never changes, so nothing here is ever
 * out of date. `upTo` must be such a position: never one that a client made up.
 */
export class RoomReads {
  readonly #roots: SharedReads<number>;
  readonly #timelines: SharedReads<readonly Place[]>;
  readonly #receipts: SharedReads<readonly ReceiptRow[]>;
  readonly #deviceLists: SharedReads<readonly number[]>;
  readonly #completions: SharedReads<boolean>;

  constructor(budget: Budget) {
    this.#roots = new SharedReads('room_roots', budget, () => 8);
    this.#timelines = new SharedReads<readonly Place[]>('room_timelines', budget, ofRows);
    this.#receipts = new SharedReads<readonly ReceiptRow[]>('room_receipts', budget, ofRows);
    this.#deviceLists = new SharedReads<readonly number[]>('room_device_lists', budget, ofRows);
    this.#completions = new SharedReads('room_completions', budget, () => 8);
  }

  /** See `roomRootAt`, for a position of the stretch's ends. */
  rootAt(db: Queryable, { roomNid, after, upTo }: RoomStretch, end: 'after' | 'upTo'): Promise<number> {
    const pos = end === 'after' ? after : upTo;
    // A client may come with a token of the future: nothing is kept under it.
    if (pos > upTo) return roomRootAt(db, roomNid, pos);
    return this.#roots.get(`${roomNid}/${pos}`, () => roomRootAt(db, roomNid, pos));
  }

  /** As `timelineBackward`. */
  readonly timeline: typeof timelineBackward = (db, roomNid, range, limit) =>
    this.#timelines.get(`${keyOf({ roomNid, ...range })}/${limit}`, () => timelineBackward(db, roomNid, range, limit));

  /** See `publicReceiptsSince`. Receipts that have moved on since are in the next stretch. */
  receipts(db: Queryable, stretch: RoomStretch): Promise<readonly ReceiptRow[]> {
    return this.#receipts.get(keyOf(stretch), () => publicReceiptsSince(db, stretch.roomNid, stretch.after));
  }

  /** Whether the members of a room who were there before our join became known. */
  becameWhole(db: Queryable, stretch: RoomStretch): Promise<boolean> {
    const { roomNid, after, upTo } = stretch;
    return this.#completions.get(keyOf(stretch), () => hasStateEntry(db, roomNid, after, upTo));
  }

  /** The users whose device lists changed, by number. */
  deviceLists(db: Queryable, stretch: RoomStretch): Promise<readonly number[]> {
    return this.#deviceLists.get(keyOf(stretch), () =>
      refsBetween(db, stretch.roomNid, LOG_DEVICE_LIST, stretch.after, stretch.upTo),
    );
  }
}

function keyOf({ roomNid, after, upTo }: RoomStretch): string {
  return `${roomNid}/${after}/${upTo}`;
}
