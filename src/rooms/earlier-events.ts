import type { EventId } from '../core/ids.ts';
import { Heap } from '../core/resolve/heap.ts';
import type { Queryable } from '../db/database.ts';
import { timelineBackward } from './events.table.ts';
import type { RoomsParts } from './parts.ts';
import { REJECTED, type Room, type StoredEvent } from './room.ts';

export interface EarlierEvents {
  /** Where the walk begins; these are given too. */
  readonly from: readonly EventId[];
  /** Not given, and not walked past. */
  readonly without?: ReadonlySet<EventId>;
  /** In number. Fewer are given where they are large. */
  readonly limit: number;
  /** Events of a smaller depth are neither given nor walked past. */
  readonly minDepth?: number;
}

/** Rejected events are not given but walked past, up to so many: a stranger could make them by the thousand. */
const MOST_PASSED = 500;

/** Bytes of events, as long as characters have one each, after which no more are given. */
const MOST_BYTES = 2 * 1024 * 1024;

/** Some events of a room and those they build on, as far as they are known, the newest first by their depth. */
export async function earlierEvents(
  parts: Pick<RoomsParts, 'events'>,
  db: Queryable,
  room: Room,
  { from, without = new Set(), limit, minDepth = Number.NEGATIVE_INFINITY }: EarlierEvents,
): Promise<StoredEvent[]> {
  const next = new Heap<StoredEvent>(newerFirst);
  const seen = new Set<EventId>(without);
  let near: ReadonlyMap<EventId, StoredEvent> = new Map();
  const reach = async (ids: readonly EventId[]) => {
    const fresh = ids.filter(id => !seen.has(id));
    for (const id of fresh) seen.add(id);
    const unread = fresh.filter(id => !near.has(id));
    const read = unread.length === 0 ? new Map<EventId, StoredEvent>() : await parts.events.byIds(db, unread);
    const found = fresh.flatMap(id => near.get(id) ?? read.get(id) ?? []);
    for (const stored of found) if (stored.roomNid === room.nid && stored.event.depth >= minDepth) next.push(stored);
    return found;
  };
  near = await neighbours(parts, db, room, await reach(from), limit);
  const events: StoredEvent[] = [];
  let bytes = 0;
  for (let at = 0; events.length < limit && bytes < MOST_BYTES && at < limit + MOST_PASSED; at++) {
    const stored = next.pop();
    if (stored === undefined) break;
    if ((stored.flags & REJECTED) === 0) {
      events.push(stored);
      bytes += JSON.stringify(stored.event.pdu).length;
    }
    await reach(stored.event.prevIds);
  }
  return events;
}

function newerFirst(a: StoredEvent, b: StoredEvent): number {
  return b.event.depth - a.event.depth || (b.pos ?? 0) - (a.pos ?? 0) || b.nid - a.nid;
}

/** What stands before the newest of some events in the timeline: most of the walk is read at once. */
async function neighbours(
  parts: Pick<RoomsParts, 'events'>,
  db: Queryable,
  room: Room,
  events: readonly StoredEvent[],
  limit: number,
): Promise<Map<EventId, StoredEvent>> {
  const positions = events.flatMap(({ pos, roomNid }) => (pos === undefined || roomNid !== room.nid ? [] : [pos]));
  if (positions.length === 0 || limit < 2) return new Map();
  const range = { after: Number.MIN_SAFE_INTEGER, upTo: Math.max(...positions) };
  const rows = await timelineBackward(db, room.nid, range, limit);
  const stored = await parts.events.byNids(
    db,
    rows.map(row => row.nid),
  );
  return new Map([...stored.values()].map(each => [each.event.id, each]));
}
