import { authTypesFor } from '../auth/auth-types.ts';
import { checkAuth, type StateLookup } from '../auth/check.ts';
import type { EventCrypto } from '../crypto.ts';
import { type Event, isState } from '../event.ts';
import type { EventId } from '../ids.ts';
import { type StateKeyString, stateKeyString } from '../state-key.ts';
import type { Loaded } from './loaded.ts';

export interface AuthContext {
  readonly loaded: Loaded;
  /** The create event where events do not cite it. */
  readonly create: Event | undefined;
  readonly crypto: EventCrypto;
}

/** Iterative auth checks (v2, "Definitions"): applies the events in order to `state`, those that are allowed. */
export function applyAllowed(
  events: readonly Event[],
  state: Map<StateKeyString, EventId>,
  context: AuthContext,
): void {
  for (const event of events) {
    // An event rejected before must not come back by way of resolution: everyone has dropped it from their state.
    if (event.stateKey === undefined || context.loaded.isRejected(event.id)) continue;
    const verdict = checkAuth(event, lookupFor(event, state, context), context.crypto);
    if (verdict.ok) state.set(stateKeyString(event.type, event.stateKey), event.id);
  }
}

/** The state so far, and where it says nothing, the event's own auth events unless they were rejected. */
function lookupFor(event: Event, state: ReadonlyMap<StateKeyString, EventId>, context: AuthContext): StateLookup {
  const { loaded, create } = context;
  return (type, stateKey) => {
    const id = state.get(stateKeyString(type, stateKey));
    const current = id === undefined ? undefined : loaded.accepted(id);
    if (current !== undefined) return current;
    if (create !== undefined && type === 'm.room.create') return create;
    for (const authId of event.authIds) {
      const auth = loaded.accepted(authId);
      if (auth !== undefined && isState(auth, type, stateKey)) return auth;
    }
    return undefined;
  };
}

/** Every state key that `applyAllowed` may look up for these events. */
export function lookedUpKeys(events: Iterable<Event>): Map<StateKeyString, readonly [string, string]> {
  const keys = new Map<StateKeyString, readonly [string, string]>();
  for (const event of events) {
    for (const pair of authTypesFor(event, event.version)) keys.set(stateKeyString(...pair), pair);
  }
  return keys;
}
