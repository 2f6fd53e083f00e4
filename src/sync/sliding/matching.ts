import type { RoomConfig } from './connection-state.ts';
import { type FilterFacts, filterRooms } from './list-filter.ts';
import type { ListRange, SlidingRequest } from './request.ts';
import { union } from './required-state.ts';
import type { UserRoom } from './user-rooms.ts';

/** A room that the client wants to be told of. */
export interface MatchedRoom {
  readonly room: UserRoom;
  /** Of all lists and subscriptions that it is in together. */
  readonly config: RoomConfig;
  /** The lists in whose ranges it is. */
  readonly lists: readonly string[];
}

export interface Matched {
  /** How many rooms each list has, in its ranges or not. */
  readonly counts: ReadonlyMap<string, number>;
  /** Subscribed ones first, then in the order of their last activity. */
  readonly rooms: readonly MatchedRoom[];
}

/** The lists that a room is in, with what they want together: one object for all rooms that are in the same. */
interface ListSet {
  readonly lists: readonly string[];
  readonly config: RoomConfig;
  /** With another list. */
  readonly more: Map<string, ListSet>;
}

/**
 * Those of a user's rooms that a request asks for (MSC4186, "Lists and subscriptions"). `isEndUntold`: whether the
 * client has the room and does not know yet that the user left it.
 */
export async function matchRooms(
  { lists, subscriptions }: Pick<SlidingRequest, 'lists' | 'subscriptions'>,
  all: readonly UserRoom[],
  facts: FilterFacts,
  isEndUntold: (room: UserRoom) => boolean,
): Promise<Matched> {
  const listed = lists.size > 0 ? await listedRooms(all, facts, isEndUntold) : [];
  const counts = new Map<string, number>();
  const sets = new Map<UserRoom, ListSet>();
  const begun = new Map<string, ListSet>();
  for (const [name, list] of lists) {
    const found = await filterRooms(listed, list.filter, facts);
    counts.set(name, found.length);
    for (const room of within(found, list.ranges)) sets.set(room, withList(begun, sets.get(room), name, list.config));
  }
  const subscribed: MatchedRoom[] = [];
  const others: MatchedRoom[] = [];
  for (const room of all) {
    const set = sets.get(room);
    const own = subscriptions.size === 0 ? undefined : subscriptions.get(room.row.room_id);
    if (own !== undefined)
      subscribed.push({ room, config: set ? combine(own, set.config) : own, lists: set?.lists ?? [] });
    else if (set !== undefined) others.push({ room, config: set.config, lists: set.lists });
  }
  return { counts, rooms: [...subscribed, ...others] };
}

/** Of rooms that the user has left of their own accord only those are listed of which the client is to be told that. */
async function listedRooms(
  all: readonly UserRoom[],
  facts: FilterFacts,
  isEndUntold: (room: UserRoom) => boolean,
): Promise<UserRoom[]> {
  const listed: UserRoom[] = [];
  for (const room of all) {
    const isListed =
      room.membership === 'invite'
        ? !(await facts.isHiddenInvite(room))
        : room.membership === 'join' || room.membership === 'knock' || room.isTakenOut || isEndUntold(room);
    if (isListed) listed.push(room);
  }
  return listed;
}

/** Ranges may overlap, and reach as far beyond the end as they like. */
function within(rooms: readonly UserRoom[], ranges: readonly ListRange[] | undefined): readonly UserRoom[] {
  if (ranges === undefined) return rooms;
  const [only] = ranges;
  if (only !== undefined && ranges.length === 1) return rooms.slice(only[0], only[1] + 1);
  return rooms.filter((_, index) => ranges.some(([from, to]) => index >= from && index <= to));
}

function withList(begun: Map<string, ListSet>, set: ListSet | undefined, name: string, config: RoomConfig): ListSet {
  const known = set === undefined ? begun : set.more;
  const next = known.get(name) ?? {
    lists: [...(set?.lists ?? []), name],
    config: set === undefined ? config : combine(set.config, config),
    more: new Map<string, ListSet>(),
  };
  known.set(name, next);
  return next;
}

/** What either of them wants (MSC4186, "Combining room configs"). */
function combine(one: RoomConfig, other: RoomConfig): RoomConfig {
  return {
    timelineLimit: Math.max(one.timelineLimit, other.timelineLimit),
    state: union(one.state, other.state),
  };
}
