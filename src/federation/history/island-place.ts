import type { Event } from '../../core/event.ts';
import type { Queryable } from '../../db/database.ts';
import { gapsOf } from '../../rooms/backward-extremities.table.ts';
import { positionBelow, timelineBackward, timelineForward } from '../../rooms/events.table.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import type { Room } from '../../rooms/room.ts';

/** Positions above an event in the oldest gap, for what lies between it and the history that we have. */
const ROOM_ABOVE = 1_000_000;

/**
 * A position for an event of history with gaps on both sides: in the gap where it belongs by its depth. Undefined where
 * there is none, or no place in it.
 */
export async function islandPlace(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  event: Event,
): Promise<number | undefined> {
  for (const gap of await gapsOf(db, room.nid)) {
    const above = await depthOf(parts, db, await timelineForward(db, room.nid, { after: gap - 1, upTo: TOP }, 1));
    if (above !== undefined && event.depth > above) return undefined;
    const below = await positionBelow(db, room.nid, gap);
    if (below === undefined) return gap - ROOM_ABOVE;
    const rows = await timelineBackward(db, room.nid, { after: below - 1, upTo: below }, 1);
    if (((await depthOf(parts, db, rows)) ?? 0) >= event.depth) continue;
    const middle = Math.floor((gap + below) / 2);
    return middle > below && middle < gap ? middle : undefined;
  }
  return undefined;
}

const TOP = Number.MAX_SAFE_INTEGER;

async function depthOf(
  parts: RoomsParts,
  db: Queryable,
  [row]: readonly { readonly nid: number }[],
): Promise<number | undefined> {
  return row === undefined ? undefined : (await parts.events.byNid(db, row.nid))?.event.depth;
}
