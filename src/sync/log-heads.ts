import type { Clock } from '../base/clock.ts';
import type { Bus } from '../bus/bus.ts';
import type { Database } from '../db/database.ts';
import { LOG_SUBJECT, type LogEntry, logHeads } from '../rooms/room-log.table.ts';
import { SHARD_COUNT } from '../rooms/shards.ts';

/** A hint of the bus can be lost: after this time the positions are read again. */
const MOST_AGE_MS = 1000;
/** The newest entries that are kept, at least: about 30 KB. */
const KEPT_ENTRIES = 500;

type Positions = readonly number[];
type Entry = Pick<LogEntry, 'shard' | 'pos' | 'room_nid'>;

/**
 * The last positions of all shards and the newest entries, kept in memory and moved by the bus, so that a sync need not
 * ask the database what has happened where.
 *
 * Right in a cluster too: an entry is told only after its commit, and a shard has one writer, so whatever is told is
 * there with all that came before it. A hint that is lost or late delays what it tells of by `MOST_AGE_MS` at most, and
 * as positions are dense, a gap shows that the entries are incomplete: then the database is asked. A client that knows
 * more than this process (it was at another one before) makes it read.
 *
 * What is told by others comes after what is read of the database. Whoever read there something that was written because
 * of an entry (what a user has read, or marked) asks with `afresh`, so that the entry comes with it and not after it.
 */
export class LogHeads implements Disposable {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #isTold: boolean;
  readonly #subscriptions = new DisposableStack();
  /** They only grow, so what was told and what was read are put together by taking the larger. */
  #positions: Positions = new Array<number>(SHARD_COUNT).fill(0);
  /** By shard: `#entries` has all entries behind this position. */
  readonly #completeFrom = new Array<number>(SHARD_COUNT).fill(0);
  #entries: Entry[] = [];
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  constructor(parts: { readonly db: Database; readonly bus: Bus; readonly clock: Clock }) {
    this.#db = parts.db;
    this.#clock = parts.clock;
    const { bus } = parts;
    this.#isTold = !bus.isShared;
    this.#subscriptions.use(bus.subscribe(LOG_SUBJECT, message => this.#told(JSON.parse(message) as LogEntry)));
    this.#subscriptions.use(
      bus.missed(() => {
        this.#readAt = Number.NEGATIVE_INFINITY;
      }),
    );
  }

  /** Where the logs end; `refresh` was called since the request came in. */
  get positions(): Positions {
    return this.#positions;
  }

  /** The rooms of the whole server with entries in between; undefined when `since` is further back than is known here. */
  roomsBetween(since: Positions, now: Positions): ReadonlySet<number> | undefined {
    const isKnown = (pos: number, shard: number) => pos >= (this.#completeFrom[shard] ?? 0) || pos >= (now[shard] ?? 0);
    if (!since.every(isKnown)) return undefined;
    const rooms = new Set<number>();
    for (const { shard, pos, room_nid } of this.#entries) {
      if (pos > (since[shard] ?? 0) && pos <= (now[shard] ?? 0)) rooms.add(room_nid);
    }
    return rooms;
  }

  /** To be awaited before a look; `since` is what the client has seen, `afresh` is whether hints on their way count. */
  async refresh(since: Positions = [], afresh = false): Promise<void> {
    if (afresh && !this.#isTold) await this.#readAnew();
    else if (this.#clock.monotonic() - this.#readAt >= MOST_AGE_MS) await this.#read();
    const isBehind = () => since.some((pos, shard) => pos > (this.#positions[shard] ?? 0));
    if (isBehind()) await this.#read();
    // A read that was under way already may have begun too early.
    if (isBehind()) await this.#read();
  }

  #told({ shard, pos, room_nid }: LogEntry): void {
    const last = this.#positions[shard];
    if (last === undefined) return;
    if (pos > last + 1) this.#incompleteUpTo(shard, pos - 1);
    if (pos > last) this.#positions = this.#positions.with(shard, pos);
    this.#entries.push({ shard, pos, room_nid });
    if (this.#entries.length < 2 * KEPT_ENTRIES) return;
    for (const dropped of this.#entries.slice(0, KEPT_ENTRIES)) this.#incompleteUpTo(dropped.shard, dropped.pos);
    this.#entries = this.#entries.slice(KEPT_ENTRIES);
  }

  #incompleteUpTo(shard: number, pos: number): void {
    this.#completeFrom[shard] = Math.max(this.#completeFrom[shard] ?? 0, pos);
  }

  #read(): Promise<void> {
    this.#reading ??= this.#readOnce().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  /** Read from now on: what is being read already may have been read before. */
  async #readAnew(): Promise<void> {
    await this.#reading;
    await this.#read();
  }

  async #readOnce(): Promise<void> {
    const at = this.#clock.monotonic();
    const read = await logHeads(this.#db);
    this.#positions = this.#positions.map((pos, shard) => {
      const found = read[shard] ?? 0;
      if (found > pos) this.#incompleteUpTo(shard, found);
      return Math.max(pos, found);
    });
    this.#readAt = at;
  }

  [Symbol.dispose](): void {
    this.#subscriptions.dispose();
  }
}
