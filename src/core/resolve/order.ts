import { isCreator, listedLevel } from '../auth/power-levels.ts';
import { compareCodePoints } from '../canonical-json.ts';
import type { Event } from '../event.ts';
import { isState } from '../event.ts';
import type { EventId } from '../ids.ts';
import { getString } from '../json.ts';
import { Heap } from './heap.ts';
import type { Loaded } from './loaded.ts';
import type { Steps } from './protocol.ts';

/** Power events (v2, "Definitions"): those that might take someone's ability to do something. */
export function isPowerEvent(event: Event): boolean {
  if (isState(event, 'm.room.power_levels', '') || isState(event, 'm.room.join_rules', '')) return true;
  // The create event is none by the text, but Synapse sorts it here, and it can only come first.
  if (isState(event, 'm.room.create', '')) return true;
  if (event.type !== 'm.room.member' || event.sender === event.stateKey) return false;
  const membership = getString(event.content, 'membership');
  return membership === 'leave' || membership === 'ban';
}

/**
 * Step 1: the power events of the full conflicted set and what of their auth chains lies in it, in reverse
 * topological power ordering.
 *
 * @param create the room's create event where events do not cite it
 */
export function powerOrder(full: ReadonlySet<EventId>, create: Event | undefined, loaded: Loaded): Event[] {
  const chosen = withChains(full, loaded);
  const cited = new Map<EventId, Event[]>();
  const open = new Map<EventId, number>();
  const ready = new Heap<Ranked>(compareRanked);
  for (const event of chosen) {
    const before = new Set(event.authIds.filter(id => full.has(id) && loaded.get(id) !== undefined));
    for (const id of before) {
      const citing = cited.get(id);
      if (citing === undefined) cited.set(id, [event]);
      else citing.push(event);
    }
    if (before.size === 0) ready.push(ranked(event, create, loaded));
    else open.set(event.id, before.size);
  }
  // Kahn's algorithm; a cycle (possible only with chosen event IDs) never becomes ready and is left out.
  const order: Event[] = [];
  for (let next = ready.pop(); next !== undefined; next = ready.pop()) {
    order.push(next.event);
    for (const citing of cited.get(next.event.id) ?? []) {
      const left = open.get(citing.id)! - 1;
      open.set(citing.id, left);
      if (left === 0) ready.push(ranked(citing, create, loaded));
    }
  }
  return order;
}

/** The chains are followed inside the full conflicted set only, as Synapse does. */
function withChains(full: ReadonlySet<EventId>, loaded: Loaded): Set<Event> {
  const chosen = new Set<Event>();
  const stack: Event[] = [];
  for (const id of full) {
    const event = loaded.get(id);
    if (event !== undefined && isPowerEvent(event)) stack.push(event);
  }
  for (let event = stack.pop(); event !== undefined; event = stack.pop()) {
    if (chosen.has(event)) continue;
    chosen.add(event);
    for (const id of event.authIds) {
      const auth = full.has(id) ? loaded.get(id) : undefined;
      if (auth !== undefined && !chosen.has(auth)) stack.push(auth);
    }
  }
  return chosen;
}

interface Ranked {
  readonly event: Event;
  /** The first key: greater level of the sender, or smaller position, comes first. */
  readonly rank: number;
}

/** The comparison of both orderings: rank, then timestamp, then event ID. */
function compareRanked(a: Ranked, b: Ranked): number {
  if (a.rank !== b.rank) return a.rank < b.rank ? -1 : 1;
  if (a.event.ts !== b.event.ts) return a.event.ts < b.event.ts ? -1 : 1;
  return compareCodePoints(a.event.id, b.event.id);
}

function ranked(event: Event, create: Event | undefined, loaded: Loaded): Ranked {
  const level = senderLevel(event, create, loaded);
  return { event, rank: Number.isNaN(level) ? 0 : -level };
}

/** The sender's power level by the event's own auth events. */
function senderLevel(event: Event, roomCreate: Event | undefined, loaded: Loaded): number {
  let create = roomCreate;
  let levels: Event | undefined;
  for (const id of event.authIds) {
    const auth = loaded.get(id);
    if (auth === undefined) continue;
    if (isState(auth, 'm.room.power_levels', '')) levels = auth;
    else if (isState(auth, 'm.room.create', '')) create = auth;
  }
  const madeRoom = create !== undefined && isCreator(create, event.sender);
  if (madeRoom && event.version.creatorsHaveInfinitePower) return Number.POSITIVE_INFINITY;
  if (levels !== undefined) return listedLevel(levels, event.sender);
  return madeRoom ? 100 : 0;
}

/** Step 3: the given events by mainline ordering based on `levels`, the resolved power levels. */
export function* mainlineOrder(events: readonly Event[], levels: Event | undefined, loaded: Loaded): Steps<Event[]> {
  // Position from the old end: 1 for the oldest power levels, 0 for events based on none of them.
  const positions = new Map<EventId, number>();
  const mainline: EventId[] = [];
  for (let current = levels; current !== undefined && !positions.has(current.id); ) {
    positions.set(current.id, 0);
    mainline.push(current.id);
    yield* loaded.load(current.authIds);
    current = citedLevels(current, loaded);
  }
  for (const [index, id] of mainline.entries()) positions.set(id, mainline.length - index);
  const rankedEvents: Ranked[] = events.map(event => ({ event, rank: mainlinePosition(event, positions, loaded) }));
  return rankedEvents.sort(compareRanked).map(each => each.event);
}

/** Follows power levels from auth event to auth event until the mainline; what was walked is remembered. */
function mainlinePosition(event: Event, positions: Map<EventId, number>, loaded: Loaded): number {
  const walked: EventId[] = [];
  const seen = new Set<EventId>();
  let position = 0;
  for (let current: Event | undefined = event; current !== undefined && !seen.has(current.id); ) {
    const known = positions.get(current.id);
    if (known !== undefined) {
      position = known;
      break;
    }
    seen.add(current.id);
    walked.push(current.id);
    current = citedLevels(current, loaded);
  }
  for (const id of walked) positions.set(id, position);
  return position;
}

function citedLevels(event: Event, loaded: Loaded): Event | undefined {
  for (const id of event.authIds) {
    const auth = loaded.get(id);
    if (auth !== undefined && isState(auth, 'm.room.power_levels', '')) return auth;
  }
  return undefined;
}
