import { checkAuth, type StateLookup } from '../auth/check.ts';
import type { EventCrypto } from '../crypto.ts';
import type { Event } from '../event.ts';
import type { EventId } from '../ids.ts';
import { type StateKeyString, splitStateKey, stateKeyString } from '../state-key.ts';
import { utf8Encode } from '../utf8.ts';
import { lookedUpKeys } from './auth-checks.ts';
import { Loaded } from './loaded.ts';
import type { StateSet, Steps } from './protocol.ts';
import { sha1Hex } from './sha1.ts';

/** The passes of the algorithm, in order; the rest follows in one more. */
const AUTH_PASSES = ['m.room.power_levels', 'm.room.join_rules', 'm.room.member'];

/**
 * State resolution of room version 1 ("State resolution"). An entry that only some sets have is no conflict here as
 * long as those that have it agree. Returns the entries beside the unconflicted ones.
 */
export function* resolveV1(sets: readonly StateSet[], crypto: EventCrypto): Steps<StateSet> {
  const loaded = new Loaded();
  yield* loaded.load(sets.flatMap(set => [...set.values()]));
  const resolved = new Map<StateKeyString, EventId>();
  const conflicts = new Map<StateKeyString, Event[]>();
  for (const [key, events] of candidates(sets, loaded)) {
    if (events.length === 1) resolved.set(key, events[0]!.id);
    else if (events.length > 1) conflicts.set(key, newestFirst(events));
  }
  const keys = lookedUpKeys([...conflicts.values()].flat());
  for (const set of sets) for (const key of set.keys()) keys.delete(key);
  const entries = keys.size === 0 ? undefined : (yield { state: [...keys.values()] }).state;
  yield* loaded.load(entries?.values() ?? []);

  const lookup: StateLookup = (type, stateKey) => {
    const key = stateKeyString(type, stateKey);
    const id = resolved.get(key) ?? entries?.get(key);
    return id === undefined ? undefined : loaded.accepted(id);
  };
  for (const pass of AUTH_PASSES) {
    const found = [...conflicts].filter(([key]) => splitStateKey(key)[0] === pass);
    // A pass sees the results of earlier passes, not its own.
    const results = found.map(([key, events]) => [key, lastAllowed(events, lookup, crypto).id] as const);
    for (const [key, id] of results) resolved.set(key, id);
    for (const [key] of found) conflicts.delete(key);
  }
  const results = [...conflicts].map(([key, events]) => [key, firstAllowed(events, lookup, crypto).id] as const);
  for (const [key, id] of results) resolved.set(key, id);
  return resolved;
}

function candidates(sets: readonly StateSet[], loaded: Loaded): Map<StateKeyString, Event[]> {
  const byKey = new Map<StateKeyString, Event[]>();
  for (const set of sets) {
    for (const [key, id] of set) {
      const event = loaded.accepted(id);
      const events = byKey.get(key) ?? [];
      if (event !== undefined && !events.includes(event)) events.push(event);
      byKey.set(key, events);
    }
  }
  return byKey;
}

/** Descending depth, then ascending SHA-1 of the event ID. */
function newestFirst(events: readonly Event[]): Event[] {
  const hashed = events.map(event => ({ event, hash: sha1Hex(utf8Encode(event.id)) }));
  hashed.sort((a, b) => b.event.depth - a.event.depth || (a.hash < b.hash ? -1 : 1));
  return hashed.map(each => each.event);
}

/** From the oldest on, each event must be allowed by the one before it; the last in the unbroken row wins. */
function lastAllowed(newest: readonly Event[], state: StateLookup, crypto: EventCrypto): Event {
  let current = newest.at(-1)!;
  for (const event of newest.toReversed().slice(1)) {
    const allowed = current;
    const lookup: StateLookup = (type, key) =>
      type === allowed.type && key === allowed.stateKey ? allowed : state(type, key);
    if (!checkAuth(event, lookup, crypto).ok) break;
    current = event;
  }
  return current;
}

/** The newest event that is allowed; the oldest if none is. */
function firstAllowed(newest: readonly Event[], state: StateLookup, crypto: EventCrypto): Event {
  return newest.find(event => checkAuth(event, state, crypto).ok) ?? newest.at(-1)!;
}
