import { authTypesFor } from './auth/auth-types.ts';
import { checkAuth, lookupOf } from './auth/check.ts';
import { checkAuthEvents } from './auth/check-auth-events.ts';
import type { EventCrypto } from './crypto.ts';
import { type Event, readEvent } from './event.ts';
import { createIdOfRoom } from './hashes.ts';
import type { EventId } from './ids.ts';
import type { Json } from './json.ts';
import { resolveWhole } from './resolve/drive.ts';
import { type RoomVersion, roomVersion } from './room-versions.ts';
import { type StateKeyString, splitStateKey, stateKeyString } from './state-key.ts';

type Entry = readonly [type: string, stateKey: string, id: EventId];

/** One recorded room: a line of test/fixtures/state-resolution, whose README has the format. */
export interface RecordedRoom {
  readonly v: string;
  readonly room_id: string;
  readonly seed: string;
  readonly order: readonly EventId[];
  readonly events: { readonly [id: string]: Json };
  readonly rejected: readonly EventId[];
  /** Rules without state, rules by the event's own auth events, rules by the state before; that state. */
  readonly verdicts: { readonly [id: string]: readonly [unknown, unknown, unknown, readonly EventId[]] };
  readonly merges: readonly { readonly sets: readonly (readonly Entry[])[]; readonly out: readonly Entry[] }[];
}

export interface CheckResult {
  readonly passed: number;
  readonly failed: number;
  /** One line per failure. */
  readonly failures: readonly string[];
}

/** Compares event IDs, all three verdicts of every event and every resolution with what was recorded. */
export function checkRecordedRoom(room: RecordedRoom, crypto: EventCrypto): CheckResult {
  const failures: string[] = [];
  let passed = 0;
  const expect = (ok: boolean, failure: () => string): void => {
    if (ok) passed++;
    else failures.push(`room ${room.seed} (version ${room.v}): ${failure()}`);
  };
  const version = roomVersion(room.v);
  if (version === undefined) return { passed, failed: 1, failures: [`room version ${room.v} is not known`] };
  const events = readAll(room, version, crypto, (id, error) => expect(false, () => `event ${id}: ${error}`));
  for (const id of room.order) {
    const event = events.get(id);
    if (event === undefined) continue;
    expect(event.id === id, () => `event ${id} hashes to ${event.id}`);
    const verdicts = verdictsOf(event, room, events, crypto);
    for (const [i, name] of ['without state', 'by its auth events', 'by the state before'].entries()) {
      // What made the recorder stumble over an exception is a rejection too.
      const recorded = room.verdicts[id]?.[i] === true;
      expect(verdicts[i] === recorded, () => `event ${id} ${name}: ${verdicts[i]}, recorded ${recorded}`);
    }
  }
  const rejected = new Set(room.rejected);
  const source = { event: (id: EventId) => events.get(id), isRejected: (id: EventId) => rejected.has(id) };
  for (const [i, merge] of room.merges.entries()) {
    const resolved = resolveWhole(version, merge.sets.map(stateSet), source, crypto);
    const difference = differenceOf(resolved, stateSet(merge.out));
    expect(difference === undefined, () => `resolution ${i}: ${difference}`);
  }
  return { passed, failed: failures.length, failures };
}

function readAll(
  room: RecordedRoom,
  version: RoomVersion,
  crypto: EventCrypto,
  onError: (id: EventId, error: unknown) => void,
): Map<EventId, Event> {
  const events = new Map<EventId, Event>();
  for (const id of room.order) {
    try {
      events.set(id, readEvent(room.events[id] ?? null, version, crypto));
    } catch (error) {
      onError(id, error);
    }
  }
  return events;
}

function verdictsOf(
  event: Event,
  room: RecordedRoom,
  events: ReadonlyMap<EventId, Event>,
  crypto: EventCrypto,
): readonly [boolean, boolean, boolean] {
  const rejected = new Set(room.rejected);
  const create = event.version.roomIdIsCreateHash ? events.get(createIdOfRoom(event.roomId)) : undefined;
  const known = (ids: readonly EventId[]): Event[] => ids.flatMap(id => events.get(id) ?? []);
  const authEvents = known(event.authIds);
  const independent = checkAuthEvents(
    event,
    authEvents,
    id => rejected.has(id),
    () => create,
  );
  const before = lookupOf([create, ...known(room.verdicts[event.id]?.[3] ?? [])]);
  return [
    independent.ok,
    checkAuth(event, lookupOf([create, ...authEvents]), crypto).ok,
    checkAuth(event, narrowed(event, before), crypto).ok,
  ];
}

/** The state with only what the selection of auth events names: proves that the rules look at nothing else. */
function narrowed(event: Event, state: ReturnType<typeof lookupOf>): ReturnType<typeof lookupOf> {
  const keys = authTypesFor(event, event.version).map(([type, stateKey]) => state(type, stateKey));
  return lookupOf([state('m.room.create', ''), ...keys]);
}

function stateSet(entries: readonly Entry[]): Map<StateKeyString, EventId> {
  return new Map(entries.map(([type, stateKey, id]) => [stateKeyString(type, stateKey), id]));
}

function differenceOf(
  actual: ReadonlyMap<StateKeyString, EventId>,
  recorded: ReadonlyMap<StateKeyString, EventId>,
): string | undefined {
  for (const key of new Set([...actual.keys(), ...recorded.keys()])) {
    if (actual.get(key) === recorded.get(key)) continue;
    return `${splitStateKey(key).join(' ')}: ${actual.get(key)}, recorded ${recorded.get(key)}`;
  }
  return undefined;
}
