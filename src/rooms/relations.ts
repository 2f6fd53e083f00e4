import type { EventId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { Queryable } from '../db/database.ts';
import { clientEvents } from './client-event.ts';
import { visibleEvent } from './context.ts';
import type { ClientView } from './event-format.ts';
import { formatRoomToken, parseRoomToken } from './log-token.ts';
import type { RoomsParts } from './parts.ts';
import { type RelationRow, relationsTo, relationsToAny } from './relations.table.ts';
import type { Room } from './room.ts';
import type { ReadableRoom } from './room-access.ts';
import { visibleEvents } from './visibility.ts';

export interface RelationsQuery {
  readonly eventId: string;
  readonly relType: string | undefined;
  readonly eventType: string | undefined;
  readonly direction: 'f' | 'b';
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly limit: number;
  /** Also events that are related by way of others. */
  readonly recurse: boolean;
}

/** How many steps indirect relations are followed, and how many events at most are found on the way. */
const RECURSION_DEPTH = 3;
const MOST_RELATED = 5000;

/** Events that point to one (client-server API, "Relationships API"). @throws MatrixError M_NOT_FOUND, M_INVALID_PARAM */
export async function relations(
  parts: RoomsParts,
  db: Queryable,
  { room, readable }: ReadableRoom,
  view: ClientView,
  query: RelationsQuery,
): Promise<JsonObject> {
  // What others answer to somebody whom the viewer ignores is there to be read.
  const { stored: parent } = await visibleEvent(parts, db, room, { ...view, ignored: undefined }, query.eventId);
  const range = rangeOf(room, query, readable.upTo);
  // One more than is shown says whether there are more.
  const found = await rowsOf(parts, db, room, parent.event.id, { ...query, limit: query.limit + 1 }, range);
  const rows = found.slice(0, query.limit);
  const events = await parts.events.byNids(
    db,
    rows.map(row => row.event_nid),
  );
  const seen = await visibleEvents(
    parts,
    db,
    room,
    view,
    rows.flatMap(row => events.get(row.event_nid) ?? []),
  );
  const last = found.length > query.limit ? rows.at(-1)?.pos : undefined;
  return {
    chunk: await clientEvents(parts, db, room, view, seen),
    ...(last === undefined ? {} : { next_batch: formatRoomToken(query.direction === 'b' ? last - 1 : last) }),
    ...(query.from === undefined ? {} : { prev_batch: query.from }),
    ...(query.recurse ? { recursion_depth: RECURSION_DEPTH } : {}),
  };
}

interface Range {
  readonly direction: 'f' | 'b';
  readonly after: number;
  readonly upTo: number;
}

function rangeOf(room: Room, { direction, from, to }: RelationsQuery, readableUpTo: number): Range {
  const place = (text: string | undefined) => (text === undefined ? undefined : parseRoomToken(text, room.shard));
  const [start, stop] = [place(from), place(to)];
  const [after, upTo] = direction === 'b' ? [stop, start] : [start, stop];
  return {
    direction,
    after: after ?? Number.MIN_SAFE_INTEGER,
    upTo: Math.min(upTo ?? Number.MAX_SAFE_INTEGER, readableUpTo),
  };
}

async function rowsOf(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  parent: EventId,
  query: RelationsQuery,
  range: Range,
): Promise<RelationRow[]> {
  const typeNid = query.eventType === undefined ? undefined : await parts.nids.types.findOne(db, query.eventType);
  // A type that nobody ever sent has no number and no events.
  if (query.eventType !== undefined && typeNid === undefined) return [];
  const filter = { relType: query.relType, typeNid };
  if (!query.recurse) return relationsTo(db, room.nid, parent, filter, range, query.limit);
  const matching = (await relatedInSteps(parts, db, room, parent)).filter(
    row =>
      row.pos > range.after &&
      row.pos <= range.upTo &&
      (filter.relType === undefined || row.rel_type === filter.relType) &&
      (typeNid === undefined || row.type_nid === typeNid),
  );
  matching.sort((a, b) => (query.direction === 'b' ? b.pos - a.pos : a.pos - b.pos));
  return matching.slice(0, query.limit);
}

/** Direct and indirect relations; each event once, also where they run in a circle. */
async function relatedInSteps(parts: RoomsParts, db: Queryable, room: Room, parent: EventId): Promise<RelationRow[]> {
  const found = new Map<number, RelationRow>();
  let targets: EventId[] = [parent];
  const seen = new Set<EventId>(targets);
  for (let step = 0; step < RECURSION_DEPTH && targets.length > 0 && found.size < MOST_RELATED; step++) {
    const rows = await relationsToAny(db, room.nid, targets, MOST_RELATED - found.size);
    const fresh = rows.filter(row => !found.has(row.event_nid));
    for (const row of fresh) found.set(row.event_nid, row);
    const events = await parts.events.byNids(
      db,
      fresh.map(row => row.event_nid),
    );
    targets = [...events.values()].map(stored => stored.event.id).filter(id => !seen.has(id));
    for (const id of targets) seen.add(id);
  }
  return [...found.values()];
}
