import type { EventId } from '../core/ids.ts';
import type { Queryable } from '../db/database.ts';
import { eventIdsOf } from './events.table.ts';
import { authIdsOf } from './judge-event.ts';
import type { RoomsParts } from './parts.ts';
import type { StoredEvent } from './room.ts';
import { NumberSet } from './state-tree/number-set.ts';

/** Events that are read at once. */
const BATCH = 200;

/**
 * The auth chain of some events (server-server API, "Auth chain"): their auth events, the auth events of these, and so
 * on, of which only numbers are kept. From room version 12 on the create event is among them, though nothing names it.
 */
export class AuthChain {
  readonly #parts: Pick<RoomsParts, 'events'>;
  readonly #found = new NumberSet();

  constructor(parts: Pick<RoomsParts, 'events'>) {
    this.#parts = parts;
  }

  /** Adds the chain of these events, which are not in it for that. */
  async add(db: Queryable, events: readonly StoredEvent[]): Promise<void> {
    let level: readonly StoredEvent[] = events;
    while (level.length > 0) {
      const above = await this.#parts.events.byIds(db, new Set(level.flatMap(({ event }) => authIdsOf(event))));
      level = [...above.values()].filter(({ nid }) => this.#found.add(nid));
    }
  }

  /** The chain without some events; each comes after those that authorise it. */
  async *events(db: Queryable, without: Pick<NumberSet, 'has'> = new NumberSet()): AsyncIterableIterator<StoredEvent> {
    for (const nids of this.#batches(without)) {
      const found = await this.#parts.events.byNids(db, nids);
      yield* nids.flatMap(nid => found.get(nid) ?? []);
    }
  }

  /** The IDs of the whole chain, in the same order. */
  async *ids(db: Queryable): AsyncIterableIterator<EventId> {
    for (const nids of this.#batches(new NumberSet())) {
      const found = await eventIdsOf(db, nids);
      yield* nids.flatMap(nid => found.get(nid) ?? []);
    }
  }

  *#batches(without: Pick<NumberSet, 'has'>): Generator<readonly number[], void> {
    // An event is stored after those that authorise it, so numbers are in their order.
    let batch: number[] = [];
    for (const nid of this.#found.values()) {
      if (without.has(nid)) continue;
      batch.push(nid);
      if (batch.length < BATCH) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }
}
