import type { EventCrypto } from '../core/crypto.ts';
import type { Event } from '../core/event.ts';
import type { EventId } from '../core/ids.ts';
import { type Answer, type Need, resolveState, type StateSet } from '../core/resolve/resolve.ts';
import { type StateKeyString, stateKeyString } from '../core/state-key.ts';
import type { Queryable, Tx } from '../db/database.ts';
import type { EventStore } from './event-store.ts';
import type { Nids } from './nids.table.ts';
import { REJECTED, type Room, type StoredEvent } from './room.ts';
import type { RoomState, StateKeyPair } from './room-state.ts';
import type { Root, StateTrees } from './state-tree/state-trees.ts';
import { MEMBER_TYPE_NID, stateKeyOf, treeKey, typeOf } from './state-tree/tree-key.ts';
import type { Change } from './state-tree/tree-types.ts';

export interface ResolverParts {
  readonly nids: Nids;
  readonly trees: StateTrees;
  readonly events: EventStore;
  readonly state: RoomState;
  readonly crypto: EventCrypto;
}

/**
 * Resolves several states of a room into one (server-server API, "Room State Resolution"). Only what differs between
 * the trees is looked at; the result is one change to the first of them.
 */
export async function resolveRoots(parts: ResolverParts, tx: Tx, room: Room, roots: readonly Root[]): Promise<Root> {
  const distinct = new Set(roots);
  if (distinct.size < 2) return [...distinct][0] ?? 0;
  const states = await wholeFirst(parts, tx, room, distinct);
  const sets = await conflictedSets(parts, tx, room, states);
  const base = await parts.trees.apply(tx, room.nid, states[0]!.root, sets.agreed);
  if (sets.keys.size === 0) return base;
  const resolved = await drive(parts, tx, room, base, sets);
  return applyResult(parts, tx, room, base, sets.keys, resolved);
}

/**
 * What a state event does to a state that may have come to say something else under its key than the one before the event:
 * then the two are resolved, with the rest of the state as what all agree on. Costs the same however large the states are.
 */
export async function resolveEntry(
  parts: ResolverParts,
  tx: Tx,
  room: Room,
  now: Root,
  { nid, event, replacesNid }: Pick<StoredEvent, 'nid' | 'event' | 'replacesNid'>,
): Promise<Root> {
  const [key] = await parts.state.keys(tx, [[event.type, event.stateKey ?? '']]);
  if (key === undefined) return now;
  const [standing] = await parts.trees.lookup(tx, [{ roomNid: room.nid, root: now, key }]);
  if (standing === replacesNid) return parts.trees.apply(tx, room.nid, now, [{ key, value: nid }]);
  const keys = new Set([key]);
  const entries = [new Map(standing === undefined ? [] : [[key, standing]]), new Map([[key, nid]])];
  return applyResult(parts, tx, room, now, keys, await drive(parts, tx, room, now, { keys, entries }));
}

interface KnownState {
  readonly root: Root;
  /** Members are missing: that one is not in it says nothing about them. */
  readonly isPartial: boolean;
}

/** What members are missing from is no ground to build on, as long as there is another. */
async function wholeFirst(
  parts: ResolverParts,
  db: Queryable,
  room: Room,
  roots: Iterable<Root>,
): Promise<readonly KnownState[]> {
  const states: KnownState[] = [];
  for (const root of roots) states.push({ root, isPartial: await parts.trees.isPartial(db, room.nid, root) });
  return states.toSorted((a, b) => Number(a.isPartial) - Number(b.isPartial));
}

interface Conflicted {
  /** The tree keys under which the states differ. */
  readonly keys: ReadonlySet<number>;
  /** For each state its entries under these keys, by event number. */
  readonly entries: readonly ReadonlyMap<number, number>[];
  /** Members that are missing from some states, and the same in all others. */
  readonly agreed: readonly Change[];
}

async function conflictedSets(
  parts: ResolverParts,
  db: Queryable,
  room: Room,
  states: readonly KnownState[],
): Promise<Conflicted> {
  const [base, ...others] = states.map(({ root }) => root);
  const keys = new Set<number>();
  for (const other of others) {
    for (const difference of await parts.trees.diff(db, room.nid, base ?? 0, other)) keys.add(difference.key);
  }
  const list = [...keys];
  const requests = states.flatMap(({ root }) => list.map(key => ({ roomNid: room.nid, root, key })));
  const values = await parts.trees.lookup(db, requests);
  const entries = states.map((_, set) => {
    const found = new Map<number, number>();
    for (const [at, key] of list.entries()) {
      const value = values[set * list.length + at];
      if (value !== undefined) found.set(key, value);
    }
    return found;
  });
  return { keys, entries, agreed: settleMissing(states, keys, entries) };
}

/**
 * A state that a member is missing from takes the side of those that know them. Where these are of one mind there is no
 * conflict: such keys are taken out of `keys`, and answered.
 */
function settleMissing(
  states: readonly KnownState[],
  keys: Set<number>,
  entries: readonly Map<number, number>[],
): Change[] {
  const agreed: Change[] = [];
  if (!states.some(({ isPartial }) => isPartial)) return agreed;
  for (const key of keys) {
    if (typeOf(key) !== MEMBER_TYPE_NID) continue;
    const knowing = entries.filter((set, at) => set.has(key) || states[at]?.isPartial === false);
    const said = new Set(knowing.map(set => set.get(key)));
    const [value] = said;
    if (knowing.length === entries.length || value === undefined) continue;
    if (said.size === 1) {
      keys.delete(key);
      agreed.push({ key, value });
    } else for (const set of entries) if (!knowing.includes(set)) set.set(key, value);
  }
  return agreed;
}

async function drive(
  parts: ResolverParts,
  tx: Tx,
  room: Room,
  base: Root,
  { keys, entries }: Pick<Conflicted, 'keys' | 'entries'>,
): Promise<StateSet> {
  const names = await keyNames(parts, tx, keys);
  const events = await parts.events.byNids(
    tx,
    entries.flatMap(set => [...set.values()]),
  );
  const sets: StateSet[] = entries.map(set => {
    const out = new Map<StateKeyString, EventId>();
    for (const [key, nid] of set) {
      const name = names.get(key);
      const id = events.get(nid)?.event.id;
      if (name !== undefined && id !== undefined) out.set(name, id);
    }
    return out;
  });
  const question = { parts, tx, room, base, keys };
  const steps = resolveState(room.version, sets, parts.crypto);
  let step = steps.next();
  while (step.done !== true) step = steps.next(await answer(question, step.value));
  return step.value;
}

interface Question {
  readonly parts: ResolverParts;
  readonly tx: Tx;
  readonly room: Room;
  readonly base: Root;
  /** Keys that are in conflict: what the base has under them is nobody's common state. */
  readonly keys: ReadonlySet<number>;
}

async function answer(question: Question, need: Need): Promise<Answer> {
  if ('events' in need) return answerEvents(question, need.events);
  if ('state' in need) return answerState(question, need.state);
  return { unconflictedChain: await inUnconflictedChain(question, need.unconflictedChain) };
}

async function answerEvents({ parts, tx, room }: Question, ids: readonly EventId[]): Promise<Answer> {
  const events = new Map<EventId, Event>();
  const rejected = new Set<EventId>();
  for (const [id, stored] of await parts.events.byIds(tx, ids)) {
    if (stored.roomNid !== room.nid) continue;
    events.set(id, stored.event);
    if ((stored.flags & REJECTED) !== 0) rejected.add(id);
  }
  return { events, rejected };
}

async function answerState({ parts, tx, room, base, keys }: Question, pairs: readonly StateKeyPair[]): Promise<Answer> {
  const state = new Map<StateKeyString, EventId>();
  const treeKeys = await parts.state.keys(tx, pairs);
  const common = pairs.filter((_, at) => !keys.has(treeKeys[at] ?? -1));
  for (const { event } of await parts.state.events(tx, room, base, common)) {
    state.set(stateKeyString(event.type, event.stateKey ?? ''), event.id);
  }
  return { state };
}

/**
 * Which of `wanted` are common state or in its auth chain. The state is read from the front, where what authorises
 * everything else lies, and reading stops as soon as all are found.
 */
async function inUnconflictedChain(question: Question, wanted: readonly EventId[]): Promise<Set<EventId>> {
  const { parts, tx, room, base, keys } = question;
  const missing = new Set(wanted);
  const seen = new Set<EventId>();
  let batch: number[] = [];
  for await (const [key, nid] of parts.trees.stream(tx, room.nid, base)) {
    if (!keys.has(key)) batch.push(nid);
    if (batch.length < CHAIN_BATCH) continue;
    await walkChains(question, batch, missing, seen);
    if (missing.size === 0) break;
    batch = [];
  }
  if (missing.size > 0) await walkChains(question, batch, missing, seen);
  return new Set(wanted.filter(id => !missing.has(id)));
}

const CHAIN_BATCH = 100;

async function walkChains(
  { parts, tx }: Question,
  nids: readonly number[],
  missing: Set<EventId>,
  seen: Set<EventId>,
): Promise<void> {
  let level = [...(await parts.events.byNids(tx, nids)).values()];
  while (level.length > 0 && missing.size > 0) {
    const next = new Set<EventId>();
    for (const { event } of level) {
      seen.add(event.id);
      missing.delete(event.id);
      for (const id of event.authIds) if (!seen.has(id)) next.add(id);
    }
    level = [...(await parts.events.byIds(tx, next)).values()];
  }
}

async function keyNames(parts: ResolverParts, tx: Tx, keys: ReadonlySet<number>): Promise<Map<number, StateKeyString>> {
  const types = await parts.nids.types.names(tx, new Set([...keys].map(typeOf)));
  const stateKeys = await parts.nids.stateKeys.names(tx, new Set([...keys].map(stateKeyOf)));
  const names = new Map<number, StateKeyString>();
  for (const key of keys) {
    names.set(key, stateKeyString(types.get(typeOf(key)) ?? '', stateKeys.get(stateKeyOf(key)) ?? ''));
  }
  return names;
}

/** Writes the resolved entries over the base; conflicted keys without a winner are gone. */
async function applyResult(
  parts: ResolverParts,
  tx: Tx,
  room: Room,
  base: Root,
  keys: ReadonlySet<number>,
  resolved: StateSet,
): Promise<Root> {
  const winners = await parts.events.byIds(tx, resolved.values());
  const changes = new Map<number, number | undefined>([...keys].map(key => [key, undefined]));
  for (const { event, nid } of winners.values()) {
    const typeNid = await parts.nids.types.internOne(tx, event.type);
    const keyNid = await parts.nids.stateKeys.internOne(tx, event.stateKey ?? '');
    changes.set(treeKey(typeNid, keyNid), nid);
  }
  return parts.trees.apply(
    tx,
    room.nid,
    base,
    [...changes].map(([key, value]) => ({ key, value })),
  );
}
