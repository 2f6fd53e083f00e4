import type { Queryable } from '../db/database.ts';
import { getMember } from './members.table.ts';
import type { RoomsParts } from './parts.ts';
import { MEMBERSHIPS, type Room, type StoredEvent } from './room.ts';
import { type SeenEvent, type Viewer, visibleEvents } from './visibility.ts';

/**
 * The state events that some events took the place of, by number, where the viewer may see them too (client-server API,
 * `prev_content`): in the words that the viewer may read.
 */
export async function visiblePrevious(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  viewer: Viewer,
  { seen, replaced }: { readonly seen: readonly SeenEvent[]; readonly replaced: ReadonlyMap<number, StoredEvent> },
): Promise<ReadonlyMap<number, StoredEvent>> {
  if (replaced.size === 0 || viewer.seesAll === true) return replaced;
  const row = await getMember(db, room.nid, viewer.userNid);
  // Who is in the room since before an event was sent need not be asked about for it, which is the rule.
  const since = row?.membership === MEMBERSHIPS.join ? row.pos : Number.POSITIVE_INFINITY;
  const shown = new Map(seen.map(({ stored }) => [stored.nid, stored]));
  const others = [...replaced.values()].filter(({ nid }) => !shown.has(nid));
  const isClear = ({ pos }: StoredEvent) => pos !== undefined && pos >= since;
  const doubtful = others.filter(stored => !isClear(stored));
  // State is told of those whom the viewer ignores, too.
  const visible = await visibleEvents(parts, db, room, { ...viewer, ignored: undefined }, doubtful);
  const found = [...others.filter(isClear), ...visible.map(({ stored }) => stored)];
  return new Map([...shown, ...found.map(stored => [stored.nid, stored] as const)]);
}
