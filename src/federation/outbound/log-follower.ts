import type { Log } from '../../base/log.ts';
import type { Bus } from '../../bus/bus.ts';
import type { Database } from '../../db/database.ts';
import { moveReader, readerPositions } from '../../rooms/log-reader.table.ts';
import { followLogs, type LogMove, LogReader } from '../../rooms/log-reader.ts';
import { OWN, type Room, type StoredEvent } from '../../rooms/room.ts';
import { LOG_EVENT, LOG_RECEIPT, type LogEntry } from '../../rooms/room-log.table.ts';
import { type FollowParts, followRoom, type Woken } from './follow-room.ts';
import { announceWork } from './work-subject.ts';

/** The name under which the logs are read. */
export const READER = 'federation';

export interface LogFollowerParts extends FollowParts {
  readonly db: Database;
  readonly bus: Bus;
  readonly log: Log;
}

/** Follows the room logs and notes which servers what happened is for. */
export class LogFollower {
  readonly #parts: LogFollowerParts;
  readonly #positions = new Map<number, number>();
  /** Whether this process is the one that notes, and has begun. */
  #isNoting = false;
  readonly #reader: LogReader;

  constructor(parts: LogFollowerParts) {
    this.#parts = parts;
    this.#reader = new LogReader(parts, {
      name: READER,
      write: (shard, entries, move) => this.#write(shard, entries, move),
      at: (shard, position) => this.#positions.set(shard, position),
      leftOut: 'Other servers are not sent something that cannot be read.',
    });
  }

  /** Follows until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const failure = 'What other servers have to be sent could not be noted; it goes on in a moment.';
    const catchUp = async () => {
      await this.catchUp(signal);
      this.#isNoting = true;
    };
    await followLogs(this.#parts, { catchUp, failure, reader: this.#reader }, signal);
    this.#isNoting = false;
  }

  /** Resolves when everything that is in the logs now is noted. */
  catchUp(signal?: AbortSignal): Promise<void> {
    return this.#reader.catchUp(signal);
  }

  /**
   * By shard: up to where everything of its log that is for others is noted, by this process or another; at least there,
   * if not further.
   */
  async noted(): Promise<ReadonlyMap<number, number>> {
    return this.#isNoting ? this.#positions : readerPositions(this.#parts.db, READER);
  }

  async #write(shard: number, entries: readonly LogEntry[], move: LogMove): Promise<boolean | 'passed'> {
    const { db, bus, store } = this.#parts;
    const events = await store.events.byNids(db, refsOf(entries, LOG_EVENT));
    const localUsers = await this.#localUsers(refsOf(entries, LOG_RECEIPT));
    const concerned = new Set(entries.filter(entry => matters(entry, events, localUsers)).map(entry => entry.room_nid));
    if (concerned.size === 0) {
      // What others say in our rooms, which is most of all: a transaction for each of their messages would be dear.
      this.#positions.set(shard, move.to);
      return 'passed';
    }
    const rooms = inOrder(await store.rooms.byNids(db, concerned));
    return db.tx(async tx => {
      if (!(await moveReader(tx, READER, shard, move))) return false;
      const woken: Woken[] = [];
      for (const room of rooms) {
        const some = entries.filter(entry => entry.room_nid === room.nid);
        woken.push(await followRoom(this.#parts, tx, { room, entries: some, events, localUsers }));
      }
      tx.afterCommit(() => {
        this.#positions.set(shard, move.to);
        announceWork(bus, new Set(woken.flatMap(({ now }) => now)));
        for (const { soon } of woken) announceWork(bus, soon, receiptDelay(soon.length));
      });
      return true;
    });
  }

  async #localUsers(userNids: readonly number[]): Promise<Set<number>> {
    if (userNids.length === 0) return new Set();
    const { db, store, serverName } = this.#parts;
    const names = await store.nids.users.names(db, userNids);
    return new Set([...names].filter(([, name]) => name.endsWith(`:${serverName}`)).map(([nid]) => nid));
  }
}

/** Receipts alone make up to so many transactions a second for a room. */
const RECEIPTS_A_SECOND = 50;
const LONGEST_DELAY_MS = 30_000;

function receiptDelay(servers: number): number {
  return Math.min(Math.ceil((servers * 1000) / RECEIPTS_A_SECOND), LONGEST_DELAY_MS);
}

function refsOf(entries: readonly LogEntry[], kind: number): number[] {
  return entries.filter(entry => entry.kind === kind).map(entry => entry.ref);
}

/** Whether an entry is for other servers, or may change which ones there are. */
function matters(
  { kind, ref }: LogEntry,
  events: ReadonlyMap<number, StoredEvent>,
  localUsers: ReadonlySet<number>,
): boolean {
  if (kind === LOG_RECEIPT) return localUsers.has(ref);
  const event = kind === LOG_EVENT ? events.get(ref) : undefined;
  if (event === undefined) return false;
  return (event.flags & OWN) !== 0 || event.stateBefore !== event.stateAfter || event.stateAfter !== event.roomRoot;
}

/** One order for all writers, so that two that lock the same rooms cannot wait for each other. */
function inOrder(rooms: ReadonlyMap<number, Room>): Room[] {
  return [...rooms.values()].sort((a, b) => a.nid - b.nid);
}
