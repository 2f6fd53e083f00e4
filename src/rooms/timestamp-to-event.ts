import { notFound } from '../core/matrix-error.ts';
import type { Queryable } from '../db/database.ts';
import { eventsNearTime } from './events.table.ts';
import type { RoomsParts } from './parts.ts';
import type { Room } from './room.ts';
import { type SeenEvent, type Viewer, visibleEvents } from './visibility.ts';

/** How many events nearest to the time are looked at: the very nearest may be hidden from the viewer. */
const BATCH = 50;
const MOST_LOOKED_AT = 500;

/**
 * The event nearest to a time, at it or on one side of it (client-server API,
 * `GET /rooms/{roomId}/timestamp_to_event`).
 *
 * @param ts milliseconds since 1970
 * @throws MatrixError M_NOT_FOUND
 */
export async function eventNearTime(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  viewer: Viewer,
  { ts, direction }: { ts: number; direction: 'f' | 'b' },
): Promise<SeenEvent> {
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
  throw notFound(`There is no event ${direction === 'f' ? 'after' : 'before'} that time.`);
}
