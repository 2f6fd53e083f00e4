import { notFound } from '../core/matrix-error.ts';
import type { Queryable } from '../db/database.ts';
import { gapsOf } from './backward-extremities.table.ts';
import { eventsNearTime, positionBelow } from './events.table.ts';
import type { RoomsParts } from './parts.ts';
import type { RemoteHistory } from './ports.ts';
import type { Room, StoredEvent } from './room.ts';
import { type SeenEvent, type Viewer, visibleEvents } from './visibility.ts';

/** How many events nearest to the time are looked at: the very nearest may be hidden from the viewer. */
const BATCH = 50;
const MOST_LOOKED_AT = 500;

export interface NearTimeQuery {
  /** Milliseconds since 1970. */
  readonly ts: number;
  readonly direction: 'f' | 'b';
  /** Where history that is missing comes from. */
  readonly history?: RemoteHistory | undefined;
}

/**
 * The event nearest to a time, at it or on one side of it (client-server API,
 * `GET /rooms/{roomId}/timestamp_to_event`). Where history is missing next to it, other servers are asked whether they
 * know a nearer one.
 *
 * @throws MatrixError M_NOT_FOUND
 */
export async function eventNearTime(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  viewer: Viewer,
  query: NearTimeQuery,
): Promise<SeenEvent> {
  const { ts, direction, history } = query;
  const own = await knownNearTime(parts, db, room, viewer, query);
  const told =
    history !== undefined && (await isAtGap(db, room, own, direction))
      ? await history.eventNear(room, ts, direction)
      : undefined;
  const isNearer = (a: StoredEvent, b: StoredEvent) => Math.abs(a.event.ts - ts) < Math.abs(b.event.ts - ts);
  const isBetter = told !== undefined && (own === undefined || isNearer(told, own.stored));
  const [other] = isBetter ? await visibleEvents(parts, db, room, viewer, [told]) : [];
  const found = other ?? own;
  if (found === undefined) throw notFound(`There is no event ${direction === 'f' ? 'after' : 'before'} that time.`);
  return found;
}

/** Whether history is missing between an event that we have and the time that it is near to. */
async function isAtGap(db: Queryable, room: Room, own: SeenEvent | undefined, direction: 'f' | 'b'): Promise<boolean> {
  const gaps = await gapsOf(db, room.nid);
  const pos = own?.stored.pos;
  if (pos === undefined) return gaps.length > 0;
  const gap = direction === 'f' ? gaps.find(each => each <= pos) : gaps.findLast(each => each > pos);
  if (gap === undefined) return false;
  if (direction === 'b') return (await positionBelow(db, room.nid, gap)) === pos;
  const below = await positionBelow(db, room.nid, pos);
  return below === undefined || below < gap;
}

async function knownNearTime(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  viewer: Viewer,
  { ts, direction }: NearTimeQuery,
): Promise<SeenEvent | undefined> {
  for (let offset = 0; offset < MOST_LOOKED_AT; offset += BATCH) {
    const rows = await eventsNearTime(db, room.nid, ts, direction, { limit: BATCH, offset });
    const stored = await parts.events.byNids(
      db,
      rows.map(row => row.nid),
    );
    const [seen] = await visibleEvents(
      parts,
      db,
      room,
      viewer,
      rows.flatMap(row => stored.get(row.nid) ?? []),
    );
    if (seen !== undefined) return seen;
    if (rows.length < BATCH) break;
  }
  return undefined;
}
