import type { EventCrypto } from '../crypto.ts';
import type { Event } from '../event.ts';
import { createIdOfRoom } from '../hashes.ts';
import type { EventId } from '../ids.ts';
import type { RoomVersion } from '../room-versions.ts';
import { type StateKeyString, stateKeyString } from '../state-key.ts';
import { type AuthContext, applyAllowed, lookedUpKeys } from './auth-checks.ts';
import { fullConflictedSet } from './conflicted-set.ts';
import { Loaded } from './loaded.ts';
import { mainlineOrder, powerOrder } from './order.ts';
import type { StateSet, Steps } from './protocol.ts';

const POWER_LEVELS = stateKeyString('m.room.power_levels', '');

/**
 * State resolution v2 (room version 2, "State resolution") and v2.1 (room version 12, MSC4297). Takes the conflicted
 * part of the state sets; returns what the resolved state has beside the unconflicted part.
 */
export function* resolveV2(version: RoomVersion, sets: readonly StateSet[], crypto: EventCrypto): Steps<StateSet> {
  const fromEmpty = version.stateResolution === 'v2.1';
  const loaded = new Loaded();
  const full = yield* fullConflictedSet(sets, fromEmpty, loaded);
  const events = [...full].map(id => loaded.get(id)).filter(event => event !== undefined);
  const context: AuthContext = { loaded, create: yield* implicitCreate(events, loaded), crypto };
  const unconflicted = yield* unconflictedEntries(sets, events, fromEmpty, loaded);

  // Steps 1 and 2. v2 starts from the unconflicted state, of which only what can be looked up is here; v2.1 from nothing.
  const state = new Map<StateKeyString, EventId>(fromEmpty ? [] : unconflicted);
  const powerEvents = powerOrder(full, context.create, loaded);
  applyAllowed(powerEvents, state, context);

  // Steps 3 and 4
  const picked = new Set(powerEvents);
  const levelsId = state.get(POWER_LEVELS);
  const levels = levelsId === undefined ? undefined : loaded.get(levelsId);
  const rest = yield* mainlineOrder(
    events.filter(event => !picked.has(event)),
    levels,
    loaded,
  );
  applyAllowed(rest, state, context);

  // Step 5: the unconflicted state wins; what is left are the entries beside it.
  for (const key of unconflicted.keys()) state.delete(key);
  return state;
}

/** The create event of a room whose events do not cite it. */
function* implicitCreate(events: readonly Event[], loaded: Loaded): Steps<Event | undefined> {
  const first = events[0];
  if (first === undefined || !first.version.roomIdIsCreateHash) return undefined;
  const id = createIdOfRoom(first.roomId);
  yield* loaded.load([id]);
  return loaded.accepted(id);
}

/** The unconflicted entries that the resolution can meet: under the events' own keys and, for v2, all they look up. */
function* unconflictedEntries(
  sets: readonly StateSet[],
  events: readonly Event[],
  fromEmpty: boolean,
  loaded: Loaded,
): Steps<StateSet> {
  const keys = fromEmpty ? new Map<StateKeyString, readonly [string, string]>() : lookedUpKeys(events);
  if (!fromEmpty) keys.set(POWER_LEVELS, ['m.room.power_levels', '']);
  for (const { type, stateKey } of events) {
    if (stateKey !== undefined) keys.set(stateKeyString(type, stateKey), [type, stateKey]);
  }
  for (const set of sets) for (const key of set.keys()) keys.delete(key);
  if (keys.size === 0) return new Map();
  const entries = (yield { state: [...keys.values()] }).state ?? new Map<StateKeyString, EventId>();
  if (!fromEmpty) yield* loaded.load(entries.values());
  return entries;
}
