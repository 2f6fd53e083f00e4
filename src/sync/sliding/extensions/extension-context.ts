import type { MatchedRoom } from '../matching.ts';
import type { ExtensionScope } from '../request.ts';
import type { RoomResult } from '../room-result.ts';
import type { SlidingContext } from '../room-work.ts';

/** What the extensions of an answer are made with. */
export interface ExtensionContext extends SlidingContext {
  /** The rooms that the client asks for now. */
  readonly matched: readonly MatchedRoom[];
  /** Those that the answer tells of, by number. */
  readonly results: ReadonlyMap<number, RoomResult>;
}

/** Whether an extension tells of a room that the client asks for (MSC3959, "lists" and "rooms"). */
export function isInScope({ lists, rooms }: ExtensionScope, { room, lists: inLists }: MatchedRoom): boolean {
  if (rooms.includes('*') || rooms.includes(room.row.room_id)) return true;
  return lists.includes('*') ? inLists.length > 0 : inLists.some(name => lists.includes(name));
}

/**
 * The rooms of which an extension tells what changed, and those of which it tells everything: because the client has
 * just been given them, or did not want the extension for them before. `flag`: what the connection remembers it by.
 */
export function scopeOf(
  { matched, draft, results }: ExtensionContext,
  scope: ExtensionScope,
  flag: number,
): { readonly known: ReadonlySet<number>; readonly fresh: readonly MatchedRoom[] } {
  const fresh: MatchedRoom[] = [];
  const known = new Set<number>();
  // Rooms that are out of the lists' ranges now are told of as well: little comes of them, and nothing gets lost.
  for (const [nid, { flags }] of draft.before) if ((flags & flag) !== 0) known.add(nid);
  for (const one of matched) {
    const { nid } = one.room;
    const told = draft.get(nid);
    // Of rooms that did not fit into the answer nothing is told yet.
    if (told === undefined) continue;
    const isWanted = isInScope(scope, one);
    const json = results.get(nid)?.json;
    const isNew = !known.has(nid) || json?.initial === true;
    if (isWanted && isNew) fresh.push(one);
    if (isNew || !isWanted) known.delete(nid);
    const flags = isWanted ? told.flags | flag : told.flags & ~flag;
    if (flags !== told.flags) draft.set(nid, { ...told, flags });
  }
  return { known, fresh };
}

/** The client does not want an extension: when it wants it again, it is told everything. */
export function forgetScope({ draft }: ExtensionContext, flag: number): void {
  for (const nid of draft.before.keys()) {
    const told = draft.get(nid);
    if (told !== undefined && (told.flags & flag) !== 0) draft.set(nid, { ...told, flags: told.flags & ~flag });
  }
}
