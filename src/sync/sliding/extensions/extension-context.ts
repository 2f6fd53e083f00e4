import type { KnownRoom } from '../connection-state.ts';
import type { MatchedRoom } from '../matching.ts';
import type { ExtensionScope } from '../request.ts';
import type { RoomResult } from '../room-result.ts';
import type { SlidingContext } from '../room-work.ts';

/** What the extensions of an answer are made with. */
export interface ExtensionContext extends SlidingContext {
  /** The rooms that the client asks for now. */
  readonly matched: readonly MatchedRoom[];
  /** See `RoomsPart`. */
  readonly stirred: readonly MatchedRoom[];
  /** Those that the answer tells of, by number. */
  readonly results: ReadonlyMap<number, RoomResult>;
}

/** Whether an extension tells of a room that the client asks for (MSC3959, "lists" and "rooms"). */
export function isInScope({ lists, rooms }: ExtensionScope, { room, lists: inLists }: MatchedRoom): boolean {
  if (rooms.includes('*') || rooms.includes(room.row.room_id)) return true;
  return lists.includes('*') ? inLists.length > 0 : inLists.some(name => lists.includes(name));
}

/** Of which rooms an extension tells what. */
export interface Scope {
  /** Those of which it tells everything: the client has just been given them, or did not want the extension before. */
  readonly fresh: readonly MatchedRoom[];
  /** All rooms of which it may have to tell something. */
  readonly looked: readonly MatchedRoom[];
  /** Whether it tells what changed in a room. */
  has(nid: number): boolean;
}

/**
 * What a scope comes to; `flag`: what the connection remembers it by. Rooms that are out of the lists' ranges now are
 * told of as well: little comes of them, and nothing gets lost.
 */
export function scopeOf(ctx: ExtensionContext, wanted: ExtensionScope, flag: number): Scope {
  const { draft, results } = ctx;
  const fresh: MatchedRoom[] = [];
  const others = new Set<number>();
  const isEverywhere = wanted.lists.includes('*') && wanted.rooms.includes('*');
  // As a rule the client wants it for all rooms and has it for all that it knows: then only what happened counts.
  const looked = isEverywhere && haveAll(draft.before, flag) ? ctx.stirred : ctx.matched;
  for (const one of looked) {
    const { nid } = one.room;
    const told = draft.get(nid);
    // Of rooms that did not fit into the answer nothing is told yet.
    if (told === undefined) continue;
    const isWanted = isEverywhere || isInScope(wanted, one);
    const wasTold = ((draft.before.get(nid)?.flags ?? 0) & flag) !== 0;
    const isNew = !wasTold || results.get(nid)?.json.initial === true;
    if (isWanted && isNew) fresh.push(one);
    if (isNew || !isWanted) others.add(nid);
    const flags = isWanted ? told.flags | flag : told.flags & ~flag;
    if (flags !== told.flags) draft.set(nid, { ...told, flags });
  }
  return { fresh, looked, has: nid => ((draft.before.get(nid)?.flags ?? 0) & flag) !== 0 && !others.has(nid) };
}

function haveAll(rooms: ReadonlyMap<number, KnownRoom>, flag: number): boolean {
  for (const { flags } of rooms.values()) if ((flags & flag) === 0) return false;
  return true;
}

/** The client does not want an extension: when it wants it again, it is told everything. */
export function forgetScope({ draft }: ExtensionContext, flag: number): void {
  for (const nid of draft.before.keys()) {
    const told = draft.get(nid);
    if (told !== undefined && (told.flags & flag) !== 0) draft.set(nid, { ...told, flags: told.flags & ~flag });
  }
}
