import type { StoredEvent } from '../../rooms/room.ts';
import type { StateKeyPair } from '../../rooms/room-state.ts';
import { membersByTheirEvents } from '../../rooms/sender-members.ts';
import type { Difference } from '../../rooms/state-tree/state-trees.ts';
import { MEMBER_TYPE_NID, typeOf } from '../../rooms/state-tree/tree-key.ts';
import type { RoomTimeline } from '../joined-room.ts';
import { added, isWanted, MEMBER, readRequired, wantsAllMembers } from './required-state.ts';
import type { RoomWork, SlidingContext } from './room-work.ts';

export interface StatePart {
  readonly events: readonly StoredEvent[];
  /** What of the room's state changed since the client was told of it; everything where it was told nothing. */
  readonly changed: { readonly name: boolean; readonly avatar: boolean; readonly members: boolean };
  /** Something changed that the client was once told, and is not now. */
  readonly missed: boolean;
}

const NAME: StateKeyPair = ['m.room.name', ''];
const AVATAR: StateKeyPair = ['m.room.avatar', ''];

/** The part of a room's state that the client is to be given, and what else it must be told of it. */
export async function statePart(
  ctx: SlidingContext,
  work: RoomWork,
  timeline: RoomTimeline,
  end: number,
): Promise<StatePart> {
  const { parts } = ctx.window;
  const wanted = work.isInitial ? work.config.state : work.added;
  const part = work.isInitial ? EVERYTHING : await changes(ctx, work, timeline, end);
  const events = new Map(part.events.map(stored => [stored.nid, stored]));
  if (wanted.patterns.length > 0)
    for (const stored of await readRequired(parts, parts.db, work.place, end, wanted)) events.set(stored.nid, stored);
  if (work.config.state.lazyMembers)
    for (const stored of await lazyMembers(ctx, work, timeline, end)) events.set(stored.nid, stored);
  return { ...part, events: [...events.values()] };
}

const EVERYTHING: StatePart = { events: [], changed: { name: true, avatar: true, members: true }, missed: false };
const NOTHING: StatePart = { events: [], changed: { name: false, avatar: false, members: false }, missed: false };

/** What differs between the state that the client was told and that at the end; costs as much as differs. */
async function changes(ctx: SlidingContext, work: RoomWork, timeline: RoomTimeline, end: number): Promise<StatePart> {
  const { parts, reads } = ctx.window;
  const { place, from, upTo, config, known } = work;
  const { db } = parts;
  const start = await reads.rootAt(db, { roomNid: place.nid, after: from, upTo }, 'after');
  if (start === end) return NOTHING;
  const differences = await parts.trees.diff(db, place.nid, start, end);
  const [name, avatar] = await parts.state.keys(db, [NAME, AVATAR]);
  const has = (key: number | undefined) => differences.some(one => one.key === key);
  const members = differences.some(isOfMember);
  const others = differences.filter(one => !isOfMember(one));
  const picked = [...others, ...(await membersWanted(ctx, work, timeline, differences))];
  const found = await parts.events.byNids(
    db,
    picked.flatMap(({ after }) => after ?? []),
  );
  const events = [...found.values()];
  const isTold = (stored: StoredEvent) => isWanted(config.state, stored.event.type, stored.event.stateKey ?? '');
  const before = known?.config.state ?? config.state;
  const isLost = (stored: StoredEvent) =>
    !isTold(stored) && isWanted(before, stored.event.type, stored.event.stateKey ?? '');
  const losesMembers = added(before, config.state).patterns.some(([type]) => type === null || type === MEMBER);
  return {
    events: events.filter(stored => stored.event.type === MEMBER || isTold(stored)),
    changed: { name: has(name), avatar: has(avatar), members },
    missed: events.some(isLost) || (members && losesMembers),
  };
}

function isOfMember({ key }: Difference): boolean {
  return typeOf(key) === MEMBER_TYPE_NID;
}

/**
 * Of the members that changed those whom the client follows: all of them, some by name, or, where it loads them lazily
 * and its timeline has no gap, all, so that it can keep the list that it once asked for. Those who were there all the
 * time and became known only now are no change.
 */
async function membersWanted(
  { window }: SlidingContext,
  { place, from, upTo, config }: RoomWork,
  timeline: RoomTimeline,
  differences: readonly Difference[],
): Promise<readonly Difference[]> {
  const { parts, reads } = window;
  const members = differences.filter(isOfMember);
  if (members.length === 0 || wantsAllMembers(config.state)) return members;
  const follows = config.state.lazyMembers && !timeline.limited;
  if (follows && !(await reads.becameWhole(parts.db, { roomNid: place.nid, after: from, upTo }))) return members;
  const named = config.state.patterns.flatMap(([type, key]): StateKeyPair[] =>
    (type === MEMBER || type === null) && key !== null ? [[MEMBER, key]] : [],
  );
  const keys = new Set(await parts.state.keys(parts.db, named));
  return members.filter(({ key }) => keys.has(key));
}

/** The memberships that the timeline names and the client was not sent before. */
async function lazyMembers(
  { window, members, connection }: SlidingContext,
  { place, from, upTo, isInitial, expands }: RoomWork,
  timeline: RoomTimeline,
  end: number,
): Promise<StoredEvent[]> {
  const { parts } = window;
  const events = timeline.events.map(({ stored }) => stored);
  const users = new Set<string>(events.map(({ event }) => event.sender));
  for (const { event } of events) if (event.type === MEMBER && event.stateKey !== undefined) users.add(event.stateKey);
  const pairs = [...users].map((user): StateKeyPair => [MEMBER, user]);
  const found = await parts.state.events(parts.db, place, end, pairs);
  for (const { event } of found) users.delete(event.stateKey ?? '');
  const isPartial = users.size > 0 && (await parts.trees.isPartial(parts.db, place.nid, end));
  if (isPartial) found.push(...(await membersByTheirEvents(parts, parts.db, events, users)));
  // An answer with more of the timeline is made again in full when it is asked for again.
  return members.unsent({ connection, roomNid: place.nid, from, upTo }, found, isInitial || expands);
}
