import type { EventId } from '../core/ids.ts';
import type { Room, StoredEvent } from '../rooms/room.ts';
import type { StateKeyPair } from '../rooms/room-state.ts';
import { membersByTheirEvents } from '../rooms/sender-members.ts';
import type { Difference } from '../rooms/state-tree/state-trees.ts';
import { MEMBER_TYPE_NID, typeOf } from '../rooms/state-tree/tree-key.ts';
import type { SeenEvent } from '../rooms/visibility.ts';
import { isStateAfter, type SyncWindow, toldOf } from './window.ts';

export interface StateDelta {
  /** The state events for the client's `state` section. */
  readonly events: readonly StoredEvent[];
  /** All membership events between the roots, shown or not. */
  readonly members: readonly StoredEvent[];
  readonly membersChanged: boolean;
  /** Too much state to be held: instead of `events`, in batches as they are read. `members` is empty then. */
  readonly late?: AsyncIterable<readonly StoredEvent[]>;
}

/** State of so many events is an answer's own; more of it is read while it is written. */
export const MOST_HELD = 1000;
/** Events of late state that are there at a time. */
const BATCH = 50;

export interface Roots {
  /** What the client has. */
  readonly from: number;
  /** Before the first event of the timeline that it is given. */
  readonly start: number;
  /** After the last. */
  readonly end: number;
  /** Members who were there all the time became known between: who loads them lazily has no need of them. */
  readonly becameWhole?: boolean;
}

/**
 * The state that a client needs besides the timeline to get from the state it has to that at the end: what differs at
 * the timeline's start, and what forks changed underneath without an event in it. The cost is that of what differs.
 */
export async function stateDelta(
  window: SyncWindow,
  room: Room,
  roots: Roots,
  timeline: readonly SeenEvent[],
  { isNew, mayBeLate }: { readonly isNew: boolean; readonly mayBeLate: boolean },
): Promise<StateDelta> {
  const shown = new Map(timeline.map(({ stored }) => [stored.nid, stored]));
  const lazy = window.filter.state.lazyLoadMembers;
  const nids = isNew ? await wholeState(window, room, roots, lazy) : await difference(window, room, roots, lazy);
  const wanted = isStateAfter(window) ? nids : nids.filter(nid => !shown.has(nid));
  if (mayBeLate && !lazy && wanted.length > MOST_HELD)
    return { events: [], members: [], membersChanged: true, late: inBatches(window, room, wanted) };
  const found = await window.parts.events.byNids(window.parts.db, wanted);
  const events = wanted.flatMap(nid => found.get(nid) ?? []);
  const members = [...events, ...timeline.map(({ stored }) => stored)].filter(isMember);
  const selected = lazy
    ? [...events.filter(stored => !isMember(stored)), ...(await lazyMembers(window, room, roots, timeline, isNew))]
    : events;
  return {
    events: passing(window, room, selected),
    members,
    membersChanged: members.length > 0,
  };
}

/** Read past the cache, where so much would leave room for nothing else. */
async function* inBatches(
  window: SyncWindow,
  room: Room,
  nids: readonly number[],
): AsyncGenerator<readonly StoredEvent[], void> {
  const { parts } = window;
  for (let at = 0; at < nids.length; at += BATCH) {
    const some = nids.slice(at, at + BATCH);
    const found = await parts.events.byNids(parts.db, some, false);
    yield passing(
      window,
      room,
      some.flatMap(nid => found.get(nid) ?? []),
    );
  }
}

/** What the client's filter lets through of state. */
export function passing({ filter }: SyncWindow, room: Room, events: readonly StoredEvent[]): readonly StoredEvent[] {
  if (!filter.state.matchesRoom(room.roomId)) return [];
  return events.filter(({ event }) => filter.state.matches(event));
}

function isMember(stored: StoredEvent): boolean {
  return stored.event.type === 'm.room.member';
}

/** All state before the timeline; without its members where these are loaded lazily. */
async function wholeState(window: SyncWindow, room: Room, roots: Roots, lazy: boolean): Promise<number[]> {
  const { trees, db } = window.parts;
  const root = isStateAfter(window) ? roots.end : roots.start;
  const nids: number[] = [];
  const entries = lazy ? trees.nonMembers(db, room.nid, root) : trees.stream(db, room.nid, root);
  for await (const [, nid] of entries) nids.push(nid);
  if (root === roots.end) return nids;
  const later = (await trees.diff(db, room.nid, roots.start, roots.end)).filter(
    ({ key }) => !lazy || typeOf(key) !== MEMBER_TYPE_NID,
  );
  return [...nids, ...later.flatMap(({ after }) => after ?? [])];
}

async function difference(window: SyncWindow, room: Room, roots: Roots, lazy: boolean): Promise<number[]> {
  const { trees, db } = window.parts;
  const until = isStateAfter(window) ? roots.end : roots.start;
  const isWanted = ({ key }: Difference) => !lazy || roots.becameWhole !== true || typeOf(key) !== MEMBER_TYPE_NID;
  const nids = new Set<number>();
  for (const [from, to] of [
    [roots.from, until],
    [until, roots.end],
  ] as const) {
    if (from === to) continue;
    const differences = (await trees.diff(db, room.nid, from, to)).filter(isWanted);
    for (const { after } of differences) if (after !== undefined) nids.add(after);
  }
  return [...nids];
}

/**
 * The memberships that the timeline's senders need and the device was not sent before. One who is given the state at the end
 * takes no state from the timeline, so that what changes there of members is told as well.
 */
async function lazyMembers(
  window: SyncWindow,
  room: Room,
  roots: Roots,
  timeline: readonly SeenEvent[],
  isNew: boolean,
): Promise<StoredEvent[]> {
  const isAfter = isStateAfter(window);
  const users = new Set<string>(timeline.map(({ stored }) => stored.event.sender));
  if (isNew) users.add(window.view.userId);
  const changed = isAfter ? timeline.filter(({ stored }) => isMember(stored)) : [];
  for (const { stored } of changed) if (stored.event.stateKey !== undefined) users.add(stored.event.stateKey);
  const pairs = [...users].map((user): StateKeyPair => ['m.room.member', user]);
  const root = isAfter ? roots.end : roots.start;
  const { parts } = window;
  const members = await parts.state.events(parts.db, room, root, pairs);
  for (const { event } of members) users.delete(event.stateKey ?? '');
  const isPartial = users.size > 0 && (await parts.trees.isPartial(parts.db, room.nid, root));
  const events = timeline.map(({ stored }) => stored);
  if (isPartial) members.push(...(await membersByTheirEvents(parts, parts.db, events, users)));
  const again = isNew || window.filter.state.includeRedundantMembers;
  const fresh = window.lazyMembers.unsent(toldOf(window, room), members, again);
  if (isAfter) return fresh;
  const inTimeline = new Set<EventId>(timeline.map(({ stored }) => stored.event.id));
  return fresh.filter(({ event }) => !inTimeline.has(event.id));
}
