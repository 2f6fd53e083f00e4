import type { Budget } from '../base/budget.ts';
import { ByteCache } from '../base/byte-cache.ts';
import type { Bus } from '../bus/bus.ts';
import { type Event, loadEvent } from '../core/event.ts';
import type { EventId } from '../core/ids.ts';
import type { Pdu } from '../core/pdu.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { type EventRow, eventsById, eventsByNid } from './events.table.ts';
import { REJECTED, type Room, type StoredEvent } from './room.ts';
import type { RoomRegistry } from './room-registry.ts';

/** A parsed event costs about this many times its text, in bytes (measured on messages and memberships). */
const PARSED_FACTOR = 5;

/** The bus subject on which the numbers of events are told that changed on disk, as a JSON array. */
const EVENTS_CHANGED = 'rooms.events';

/** Reads events. What is committed is cached, parsed, in bounded memory. */
export class EventStore {
  readonly #rooms: RoomRegistry;
  readonly #bus: Bus;
  readonly #byNid: ByteCache<{ readonly stored: StoredEvent; readonly bytes: number }>;
  readonly #nidById: ByteCache<number>;
  /** Counts what was forgotten: a read that began before must not bring the old text back. */
  #generation = 0;

  constructor(rooms: RoomRegistry, budget: Budget, bus: Bus) {
    this.#rooms = rooms;
    this.#bus = bus;
    this.#byNid = new ByteCache({ name: 'events', budget, weight: 320, sizeOf: entry => entry.bytes });
    this.#nidById = new ByteCache({ name: 'event_ids', budget, weight: 40, sizeOf: () => 8 });
    bus.subscribe(EVENTS_CHANGED, message => this.#drop(JSON.parse(message) as number[]));
    bus.missed(() => this.#dropAll());
  }

  /**
   * Events by number; numbers without an event are left out. `keep`: whether they are kept for others, which those of a list
   * of thousands are not, since they would push everything else out.
   */
  async byNids(db: Queryable, nids: Iterable<number>, keep = true): Promise<Map<number, StoredEvent>> {
    const found = new Map<number, StoredEvent>();
    const missing: number[] = [];
    for (const nid of new Set(nids)) {
      const cached = this.#byNid.get(String(nid));
      if (cached === undefined) missing.push(nid);
      else found.set(nid, cached.stored);
    }
    const generation = this.#generation;
    if (missing.length > 0) await this.#load(db, await eventsByNid(db, missing), found, keep ? generation : undefined);
    return found;
  }

  async byNid(db: Queryable, nid: number): Promise<StoredEvent | undefined> {
    return this.#byNid.get(String(nid))?.stored ?? (await this.byNids(db, [nid])).get(nid);
  }

  /** Events by ID; IDs that are not stored are left out. */
  async byIds(db: Queryable, ids: Iterable<EventId>): Promise<Map<EventId, StoredEvent>> {
    const found = new Map<EventId, StoredEvent>();
    const missing: EventId[] = [];
    for (const id of new Set(ids)) {
      const nid = this.#nidById.get(id);
      const cached = nid === undefined ? undefined : this.#byNid.get(String(nid));
      if (cached === undefined) missing.push(id);
      else found.set(id, cached.stored);
    }
    if (missing.length === 0) return found;
    const loaded = new Map<number, StoredEvent>();
    const generation = this.#generation;
    await this.#load(db, await eventsById(db, missing), loaded, generation);
    for (const stored of loaded.values()) found.set(stored.event.id, stored);
    return found;
  }

  async byId(db: Queryable, id: EventId): Promise<StoredEvent | undefined> {
    return (await this.byIds(db, [id])).get(id);
  }

  /** An event of one room that was not rejected. */
  async inRoom(db: Queryable, room: Room, id: EventId): Promise<StoredEvent | undefined> {
    const stored = await this.byId(db, id);
    return stored?.roomNid === room.nid && (stored.flags & REJECTED) === 0 ? stored : undefined;
  }

  async #load(
    db: Queryable,
    rows: readonly EventRow[],
    found: Map<number, StoredEvent>,
    generation: number | undefined,
  ): Promise<void> {
    const rooms = await this.#rooms.byNids(db, new Set(rows.map(row => row.room_nid)));
    for (const row of rows) {
      const room = rooms.get(row.room_nid);
      if (room === undefined) continue;
      const stored = fromRow(row, room);
      found.set(row.nid, stored);
      if (generation !== undefined) this.#keep(db, stored, row.json.length, generation);
    }
  }

  /** A transaction sees rows that may yet be rolled back: only what is committed is kept. */
  #keep(db: Queryable, stored: StoredEvent, jsonLength: number, generation: number): void {
    const keep = () => {
      if (generation === this.#generation) this.#remember(stored, jsonLength);
    };
    if (isTx(db)) db.afterCommit(keep);
    else keep();
  }

  /**
   * Keeps an event that a transaction has written, once that is durable. `jsonLength` is the length of its text.
   *
   * The answer to a commit may come late. Whoever was faster, in this process or another one, may have changed the event by
   * then, so what was forgotten meanwhile is not kept, nor what the transaction itself has read of the event while it was
   * still writing it.
   */
  rememberAtCommit(tx: Tx, stored: StoredEvent, jsonLength: number): void {
    const generation = this.#generation;
    tx.afterCommit(() => {
      if (generation === this.#generation) this.#remember(stored, jsonLength);
      else this.#byNid.delete(String(stored.nid));
    });
  }

  #remember(stored: StoredEvent, jsonLength: number): void {
    this.#byNid.set(String(stored.nid), { stored, bytes: jsonLength * PARSED_FACTOR + 400 });
    this.#nidById.set(stored.event.id, stored.nid);
  }

  /** Forgets events that changed on disk or are gone (redaction), here at once and elsewhere over the bus, at the commit. */
  forgetAtCommit(tx: Tx, nids: readonly number[]): void {
    tx.afterCommit(() => {
      this.#drop(nids);
      this.#bus.publish(EVENTS_CHANGED, JSON.stringify(nids));
    });
  }

  #drop(nids: readonly number[]): void {
    this.#generation++;
    for (const nid of nids) this.#byNid.delete(String(nid));
  }

  #dropAll(): void {
    this.#generation++;
    this.#byNid.clear();
  }
}

function isTx(db: Queryable): db is Tx {
  return 'isTransaction' in db;
}

function fromRow(row: EventRow, room: Room): StoredEvent {
  const event: Event = loadEvent(row.event_id, room.roomId, JSON.parse(row.json) as Pdu, room.version);
  return {
    nid: row.nid,
    roomNid: row.room_nid,
    pos: row.pos ?? undefined,
    flags: row.flags,
    stateBefore: row.state_before,
    stateAfter: row.state_after,
    roomRoot: row.room_root,
    replacesNid: row.replaces_nid ?? undefined,
    event,
  };
}
