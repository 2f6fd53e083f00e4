import type { EventCrypto } from '../crypto.ts';
import type { Event } from '../event.ts';
import type { EventId } from '../ids.ts';
import type { RoomVersion } from '../room-versions.ts';
import { type StateKeyString, stateKeyString } from '../state-key.ts';
import type { Answer, Need, StateSet, Steps } from './protocol.ts';
import { resolveState } from './resolve.ts';

/** Runs a resolution to its end with answers that are at hand. */
export function drive<T>(steps: Steps<T>, answer: (need: Need) => Answer): T {
  let step = steps.next();
  while (step.done !== true) step = steps.next(answer(step.value));
  return step.value;
}

export interface Separated {
  /** Entries with the same event in every set. */
  readonly unconflicted: Map<StateKeyString, EventId>;
  /** Per set, in the order given, the other entries. */
  readonly conflicted: Map<StateKeyString, EventId>[];
}

/** Splits whole state sets as `resolveState` wants them. */
export function separate(sets: readonly StateSet[]): Separated {
  const unconflicted = new Map<StateKeyString, EventId>();
  const conflicted = sets.map(() => new Map<StateKeyString, EventId>());
  const keys = new Set(sets.flatMap(set => [...set.keys()]));
  for (const key of keys) {
    const ids = sets.map(set => set.get(key));
    const first = ids[0];
    if (first !== undefined && ids.every(id => id === first)) unconflicted.set(key, first);
    else for (const [i, id] of ids.entries()) if (id !== undefined) conflicted[i]!.set(key, id);
  }
  return { unconflicted, conflicted };
}

/** Where `resolveWhole` finds events. */
export interface EventSource {
  event(id: EventId): Event | undefined;
  isRejected(id: EventId): boolean;
}

/** Resolves whole state sets with all events in memory: for tests, tools and small rooms. */
export function resolveWhole(
  version: RoomVersion,
  sets: readonly StateSet[],
  source: EventSource,
  crypto: EventCrypto,
): Map<StateKeyString, EventId> {
  const { unconflicted, conflicted } = separate(sets);
  const resolved = drive(resolveState(version, conflicted, crypto), need => answerFrom(need, unconflicted, source));
  return new Map([...unconflicted, ...resolved]);
}

/** Answers a Need from the unconflicted state and the events in memory. */
export function answerFrom(need: Need, unconflicted: StateSet, source: EventSource): Answer {
  if ('events' in need) {
    const events = new Map<EventId, Event>();
    for (const id of need.events) {
      const event = source.event(id);
      if (event !== undefined) events.set(id, event);
    }
    return { events, rejected: new Set(need.events.filter(id => source.isRejected(id))) };
  }
  if ('state' in need) {
    const state = new Map<StateKeyString, EventId>();
    for (const pair of need.state) {
      const key = stateKeyString(...pair);
      const id = unconflicted.get(key);
      if (id !== undefined) state.set(key, id);
    }
    return { state };
  }
  return { unconflictedChain: inChains(need.unconflictedChain, unconflicted.values(), source) };
}

/** Which of `wanted` are among `roots` or in their auth chains. Stops when all are found. */
function inChains(wanted: readonly EventId[], roots: Iterable<EventId>, source: EventSource): Set<EventId> {
  const missing = new Set(wanted);
  const seen = new Set<EventId>();
  const stack = [...roots];
  for (let id = stack.pop(); id !== undefined && missing.size > 0; id = stack.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    missing.delete(id);
    stack.push(...(source.event(id)?.authIds ?? []));
  }
  return new Set(wanted.filter(id => !missing.has(id)));
}
