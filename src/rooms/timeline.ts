import { textLength } from '../core/json.ts';
import type { Queryable } from '../db/database.ts';
import type { EventFilter } from './event-filter.ts';
import { timelineBackward, timelineForward } from './events.table.ts';
import type { RoomsParts } from './parts.ts';
import { relatedOnly } from './related-only.ts';
import { AFTER_GAP, type Room } from './room.ts';
import { type SeenEvent, type Viewer, visibleEvents } from './visibility.ts';

export interface PageRequest {
  readonly direction: 'f' | 'b';
  /** The place between two events: backwards events with `pos <= from` are returned, forwards those with `pos > from`. */
  readonly from: number;
  /** Where to stop: backwards nothing with `pos <= to`, forwards nothing with `pos > to`. */
  readonly to?: number | undefined;
  readonly limit: number;
  readonly filter: EventFilter;
  /** Read backwards, the page ends where a gap in our history begins. */
  readonly endsAtGap?: boolean;
  /** Reads the rows of a timeline backwards, where the caller has a quicker way than asking the database. */
  readonly readBackward?: typeof timelineBackward;
}

export interface Page {
  /** In the order of reading. */
  readonly events: SeenEvent[];
  /**
   * The place to go on from; undefined when there is nothing further in this direction. A page that the filter took
   * events from has one all the same, as clients and Complement (TestRoomImageRoundtrip) expect: the next is empty.
   */
  readonly next: number | undefined;
  /** Everything up to the end of the range was read. */
  readonly isWhole: boolean;
}

/** Rows that one request reads at most: a filter that matches nothing must not read a whole room in one go. */
const MOST_ROWS = 2000;
/** Rows of one look at the database: about as many as are wanted, as a rule most of them are shown. */
const LEAST_BATCH = 20;
const FIRST_BATCH = 40;
const MOST_BATCH = 100;
/** A page ends with the event that takes it over so many characters: a thousand events can be 64 MB. */
const MOST_TEXT = 1024 * 1024;
/** Forty of the largest events are twice the text that a page may have: more rows are read at once when they are smaller. */
const LARGE_EVENT = 4096;

/** A page of a room's timeline, seen by `viewer` (client-server API, `GET /rooms/{roomId}/messages`). */
export async function page(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  viewer: Viewer,
  request: PageRequest,
): Promise<Page> {
  const { filter } = request;
  if (filter.empty || !filter.matchesRoom(room.roomId)) return { events: [], next: undefined, isWhole: true };
  if (request.limit === 0) return { events: [], next: request.from, isWhole: false };
  const events: SeenEvent[] = [];
  let batch = Math.min(Math.max(request.limit, LEAST_BATCH), FIRST_BATCH);
  let place = request.from;
  let thinned = false;
  let text = 0;
  for (let read = 0; read < MOST_ROWS; ) {
    const rows = await rowsFrom(db, room, request, place, batch);
    read += rows.length;
    const stored = await parts.events.byNids(
      db,
      rows.map(row => row.nid),
    );
    const found = rows.flatMap(row => stored.get(row.nid) ?? []);
    const gapAt = request.endsAtGap === true ? found.findIndex(({ flags }) => (flags & AFTER_GAP) !== 0) : -1;
    const reached = gapAt < 0 ? found : found.slice(0, gapAt + 1);
    const passing = reached.filter(({ event }) => filter.matches(event));
    const matching = await relatedOnly(parts, db, room, passing, filter.relatedBy);
    thinned ||= matching.length < rows.length;
    for (const seen of await visibleEvents(parts, db, room, viewer, matching)) {
      if (events.length === request.limit || text >= MOST_TEXT) break;
      events.push(seen);
      text += textLength(seen.stored.event.content);
    }
    if (events.length === request.limit || text >= MOST_TEXT) {
      const last = events.at(-1)?.stored.pos ?? place;
      return { events, next: beyond(last, request.direction), isWhole: false };
    }
    const gapPos = found[gapAt]?.pos;
    if (gapPos !== undefined) return { events, next: gapPos - 1, isWhole: false };
    const lastRow = rows.at(-1);
    if (lastRow !== undefined) place = beyond(lastRow.pos, request.direction);
    if (rows.length < batch) {
      const next = thinned && events.length > 0 ? place : undefined;
      return { events, next, isWhole: true };
    }
    if (text < events.length * LARGE_EVENT)
      batch = Math.min(Math.max(request.limit - events.length, LEAST_BATCH), MOST_BATCH);
  }
  return { events, next: place, isWhole: false };
}

function beyond(pos: number, direction: 'f' | 'b'): number {
  return direction === 'b' ? pos - 1 : pos;
}

function rowsFrom(
  db: Queryable,
  room: Room,
  { direction, to, readBackward = timelineBackward }: PageRequest,
  place: number,
  batch: number,
): Promise<readonly { nid: number; pos: number }[]> {
  return direction === 'b'
    ? readBackward(db, room.nid, { after: to ?? Number.MIN_SAFE_INTEGER, upTo: place }, batch)
    : timelineForward(db, room.nid, { after: place, upTo: to ?? Number.MAX_SAFE_INTEGER }, batch);
}
