import type { EventId } from '../ids.ts';
import { type StateKeyString, stateKeyString } from '../state-key.ts';
import type { Loaded } from './loaded.ts';
import type { StateSet, Steps } from './protocol.ts';

/**
 * The full conflicted set (v2 and v12, "Definitions"): the conflicted state set, the auth difference and, from v2.1
 * on, the conflicted state subgraph. Unknown events are left out.
 */
export function* fullConflictedSet(sets: readonly StateSet[], subgraph: boolean, loaded: Loaded): Steps<Set<EventId>> {
  const conflicted = new Set(sets.flatMap(set => [...set.values()]));
  const reached = yield* loaded.loadChains(conflicted);
  const full = new Set([...conflicted].filter(id => reached.has(id)));
  if (subgraph) for (const id of conflictedSubgraph(full, loaded)) full.add(id);
  for (const id of yield* authDifference(sets, full, loaded)) full.add(id);
  return full;
}

/**
 * Conflicted state subgraph: all events on auth paths between two conflicted events. Those are the events in a
 * conflicted event's auth chain that have a conflicted event in their own.
 */
function conflictedSubgraph(conflicted: ReadonlySet<EventId>, loaded: Loaded): Set<EventId> {
  const behind = new Set<EventId>(conflicted);
  for (const id of authFirst(loaded.chainOf(conflicted), loaded)) {
    if (loaded.get(id)?.authIds.some(auth => behind.has(auth))) behind.add(id);
  }
  return behind;
}

/** The given events, every one after those of its auth events that are among them. Iterative: chains are long. */
function authFirst(ids: ReadonlySet<EventId>, loaded: Loaded): EventId[] {
  const done = new Set<EventId>();
  const order: EventId[] = [];
  for (const root of ids) {
    const stack: { id: EventId; next: number }[] = done.has(root) ? [] : [{ id: root, next: 0 }];
    done.add(root);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const auth = loaded.get(top.id)?.authIds[top.next++];
      if (auth === undefined) {
        order.push(top.id);
        stack.pop();
      } else if (ids.has(auth) && !done.has(auth)) {
        done.add(auth);
        stack.push({ id: auth, next: 0 });
      }
    }
  }
  return order;
}

/**
 * Auth difference, without the events in `known` (which are in the full conflicted set anyway): the events in some
 * but not all of the sets' auth chains, a set's own events counting as part of its chain.
 *
 * The unconflicted entries are in every set and so are their auth chains, but there may be a hundred thousand of
 * them. So: candidates from the conflicted entries alone; then the unconflicted entries under the candidates' own
 * keys, which settles nearly all of them; and only for what is left the question about the whole rest.
 */
function* authDifference(
  sets: readonly StateSet[],
  known: ReadonlySet<EventId>,
  loaded: Loaded,
): Steps<Iterable<EventId>> {
  let candidates = notInAll(sets, known, loaded);
  if (candidates.length === 0) return [];
  const keys = new Map<StateKeyString, readonly [string, string]>();
  const conflictedKeys = new Set(sets.flatMap(set => [...set.keys()]));
  for (const id of candidates) {
    const event = loaded.get(id);
    if (event?.stateKey === undefined) continue;
    const key = stateKeyString(event.type, event.stateKey);
    if (!conflictedKeys.has(key)) keys.set(key, [event.type, event.stateKey]);
  }
  if (keys.size > 0) {
    const shared = new Set((yield { state: [...keys.values()] }).state?.values());
    const inAll = yield* loaded.loadChains(shared);
    candidates = candidates.filter(id => !inAll.has(id));
  }
  if (candidates.length === 0) return [];
  const inAll = (yield { unconflictedChain: candidates }).unconflictedChain;
  return candidates.filter(id => inAll?.has(id) !== true);
}

function notInAll(sets: readonly StateSet[], known: ReadonlySet<EventId>, loaded: Loaded): EventId[] {
  const counts = new Map<EventId, number>();
  for (const set of sets) {
    for (const id of loaded.chainOf(set.values())) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  const candidates: EventId[] = [];
  for (const [id, count] of counts) if (count < sets.length && !known.has(id)) candidates.push(id);
  return candidates;
}
