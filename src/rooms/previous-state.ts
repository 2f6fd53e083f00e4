import type { Queryable } from '../db/database.ts';
import type { RoomsParts } from './parts.ts';
import type { Room, StoredEvent } from './room.ts';
import { type SeenEvent, type Viewer, visibleEvents } from './visibility.ts';

/**
 * The state events that some events took the place of, by number, where the viewer may see them too (client-server API,
 * `prev_content`): in the words that the viewer may read. Who was in the room when a place was taken had the state that
 * was there before, whenever that was sent ("all current state events in the room": `POST /rooms/{roomId}/join`).
 */
export async function visiblePrevious(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  viewer: Viewer,
  { seen, replaced }: { readonly seen: readonly SeenEvent[]; readonly replaced: ReadonlyMap<number, StoredEvent> },
): Promise<ReadonlyMap<number, StoredEvent>> {
  if (replaced.size === 0 || viewer.seesAll === true) return replaced;
  const had = new Set(seen.filter(one => wasIn(one, viewer)).map(({ stored }) => stored.replacesNid));
  const shown = new Map(seen.map(({ stored }) => [stored.nid, stored]));
  const others = [...replaced.values()].filter(({ nid }) => !shown.has(nid));
  const doubtful = others.filter(({ nid }) => !had.has(nid));
  // State is told of those whom the viewer ignores, too.
  const visible = await visibleEvents(parts, db, room, { ...viewer, ignored: undefined }, doubtful);
  const found = [...others.filter(({ nid }) => had.has(nid)), ...visible.map(({ stored }) => stored)];
  return new Map([...shown, ...found.map(stored => [stored.nid, stored] as const)]);
}

/** Whether the viewer was joined when an event came: by their own joining they were not yet. */
function wasIn({ stored: { event }, membership }: SeenEvent, { userId }: Viewer): boolean {
  return membership === 'join' && !(event.type === 'm.room.member' && event.stateKey === userId);
}
