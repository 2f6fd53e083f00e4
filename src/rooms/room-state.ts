import { lookupOf, type StateLookup } from '../core/auth/verdict.ts';
import type { Event } from '../core/event.ts';
import { getString } from '../core/json.ts';
import type { Queryable } from '../db/database.ts';
import type { EventStore } from './event-store.ts';
import type { Nids } from './nids.table.ts';
import { isMembership, type Membership, type Room, type StoredEvent } from './room.ts';
import type { Root, StateTrees } from './state-tree/state-trees.ts';
import { STATE_KEYS, treeKey } from './state-tree/tree-key.ts';

export type StateKeyPair = readonly [type: string, stateKey: string];

/** Which part of a state is read. */
export interface StateRange {
  readonly withoutMembers?: boolean;
  readonly onlyMembers?: boolean;
}

/** Reads room state by type and state key: names to numbers, numbers to pages, pages to events. */
export class RoomState {
  readonly #nids: Nids;
  readonly #trees: StateTrees;
  readonly #events: EventStore;

  constructor(parts: { nids: Nids; trees: StateTrees; events: EventStore }) {
    this.#nids = parts.nids;
    this.#trees = parts.trees;
    this.#events = parts.events;
  }

  /** The tree keys of pairs; pairs with a name that was never used in any state have none. */
  async keys(db: Queryable, pairs: readonly StateKeyPair[]): Promise<(number | undefined)[]> {
    const types = await this.#nids.types.find(
      db,
      pairs.map(([type]) => type),
    );
    const stateKeys = await this.#nids.stateKeys.find(
      db,
      pairs.map(([, stateKey]) => stateKey),
    );
    return pairs.map(([type, stateKey]) => {
      const typeNid = types.get(type);
      const keyNid = stateKeys.get(stateKey);
      return typeNid === undefined || keyNid === undefined ? undefined : treeKey(typeNid, keyNid);
    });
  }

  /** Event numbers at several roots of one room, in the order asked. */
  async nidsAt(
    db: Queryable,
    room: Room,
    asked: readonly { readonly root: Root; readonly pair: StateKeyPair }[],
  ): Promise<(number | undefined)[]> {
    const keys = await this.keys(
      db,
      asked.map(({ pair }) => pair),
    );
    const requests = asked.flatMap(({ root }, at) => {
      const key = keys[at];
      return key === undefined ? [] : [{ roomNid: room.nid, root, key }];
    });
    const values = await this.#trees.lookup(db, requests);
    let next = 0;
    return keys.map(key => (key === undefined ? undefined : values[next++]));
  }

  /** The events at the given pairs of the state at `root`; absent ones are left out. */
  async events(db: Queryable, room: Room, root: Root, pairs: readonly StateKeyPair[]): Promise<StoredEvent[]> {
    const nids = await this.nidsAt(
      db,
      room,
      pairs.map(pair => ({ root, pair })),
    );
    const present = nids.filter(nid => nid !== undefined);
    const events = await this.#events.byNids(db, present);
    return present.flatMap(nid => events.get(nid) ?? []);
  }

  async event(db: Queryable, room: Room, root: Root, type: string, stateKey = ''): Promise<Event | undefined> {
    return (await this.events(db, room, root, [[type, stateKey]]))[0]?.event;
  }

  /** A synchronous lookup over pairs that were read before. */
  async lookup(db: Queryable, room: Room, root: Root, pairs: readonly StateKeyPair[]): Promise<StateLookup> {
    return lookupOf((await this.events(db, room, root, pairs)).map(stored => stored.event));
  }

  /** All state at a root, one by one. */
  async *all(db: Queryable, room: Room, root: Root, options: StateRange = {}): AsyncIterableIterator<StoredEvent> {
    for await (const batch of this.batches(db, room, root, options)) yield* batch;
  }

  /** The state events of one type at a root, one by one. */
  async *ofType(db: Queryable, room: Room, root: Root, type: string): AsyncIterableIterator<StoredEvent> {
    const typeNid = await this.#nids.types.findOne(db, type);
    if (typeNid === undefined) return;
    const from = treeKey(typeNid, 0);
    for await (const batch of this.#range(db, room, root, from, from + STATE_KEYS)) yield* batch;
  }

  /** All state at a root, in batches: for lists of any length in bounded memory. */
  async *batches(
    db: Queryable,
    room: Room,
    root: Root,
    options: StateRange = {},
  ): AsyncIterableIterator<StoredEvent[]> {
    const from = options.onlyMembers === true ? MEMBERS_FROM : 0;
    const upTo = options.withoutMembers === true ? MEMBERS_FROM : undefined;
    yield* this.#range(db, room, root, from, upTo);
  }

  async *#range(
    db: Queryable,
    room: Room,
    root: Root,
    from: number,
    upTo: number | undefined,
  ): AsyncIterableIterator<StoredEvent[]> {
    let batch: number[] = [];
    let listed = 0;
    for await (const [, nid] of this.#trees.stream(db, room.nid, root, from, upTo)) {
      batch.push(nid);
      if (batch.length < BATCH) continue;
      yield await this.#batch(db, batch, listed < MOST_KEPT);
      listed += batch.length;
      batch = [];
    }
    if (batch.length > 0) yield await this.#batch(db, batch, listed < MOST_KEPT);
  }

  async #batch(db: Queryable, nids: readonly number[], keep: boolean): Promise<StoredEvent[]> {
    const events = await this.#events.byNids(db, nids, keep);
    return nids.flatMap(nid => events.get(nid) ?? []);
  }

  /** A user's membership in the state at a root; undefined when there never was one. */
  async membership(db: Queryable, room: Room, root: Root, userId: string): Promise<Membership | undefined> {
    const event = await this.event(db, room, root, 'm.room.member', userId);
    const text = event === undefined ? undefined : getString(event.content, 'membership');
    return isMembership(text) ? text : undefined;
  }
}

const BATCH = 50;
/** Of a longer list the rest is read past the cache. */
const MOST_KEPT = 500;
const MEMBERS_FROM = treeKey(1, 0);
