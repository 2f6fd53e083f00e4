import type { EventId, ServerName } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import { notFound } from '../../core/matrix-error.ts';
import { earlierEvents } from '../../rooms/earlier-events.ts';
import { eventsNearTime } from '../../rooms/events.table.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import { OUTLIER, REJECTED } from '../../rooms/room.ts';
import { pdusFor } from '../../rooms/server-visibility.ts';
import { askedRoom } from './asked-room.ts';

/** Events of one answer. */
const MOST_EVENTS = 100;
/** Events that one request may name as its beginning. */
const MOST_NAMED = 100;

/** One event (`GET /event`). @throws MatrixError M_NOT_FOUND, M_FORBIDDEN */
export async function askedEvent(rooms: RoomsParts, origin: ServerName, eventId: string): Promise<JsonObject> {
  const unknown = () => notFound('The event is not known here.');
  const stored = await rooms.events.byId(rooms.db, eventId as EventId);
  if (stored === undefined || (stored.flags & REJECTED) !== 0) throw unknown();
  const room = await askedRoom(rooms, origin, stored.event.roomId);
  // Where a message stands that came without its place is not known, so neither is who may see it.
  if ((stored.flags & OUTLIER) !== 0 && stored.event.stateKey === undefined) throw unknown();
  const [pdu] = await pdusFor(rooms, rooms.db, room, origin, [stored]);
  if (pdu === undefined) throw unknown();
  return pdu;
}

/** Events and those before them, the newest first (`GET /backfill`). @throws MatrixError M_NOT_FOUND, M_FORBIDDEN */
export async function askedHistory(
  rooms: RoomsParts,
  origin: ServerName,
  { roomId, from, limit }: { readonly roomId: string; readonly from: readonly string[]; readonly limit: number },
): Promise<JsonObject[]> {
  const room = await askedRoom(rooms, origin, roomId);
  const walk = { from: from.slice(0, MOST_NAMED) as EventId[], limit: Math.min(limit, MOST_EVENTS) };
  const events = await earlierEvents(rooms, rooms.db, room, walk);
  return pdusFor(rooms, rooms.db, room, origin, events);
}

export interface MissingEventsRequest {
  readonly roomId: string;
  readonly earliest: readonly string[];
  readonly latest: readonly string[];
  readonly limit: number;
  readonly minDepth: number;
}

/** Events before the latest, back to the earliest, the oldest first (`POST /get_missing_events`). */
export async function askedMissingEvents(
  rooms: RoomsParts,
  origin: ServerName,
  { roomId, earliest, latest, limit, minDepth }: MissingEventsRequest,
): Promise<JsonObject[]> {
  const room = await askedRoom(rooms, origin, roomId);
  const named = latest.slice(0, MOST_NAMED) as EventId[];
  const found = await rooms.events.byIds(rooms.db, named);
  const from = [...found.values()].flatMap(({ event, roomNid }) => (roomNid === room.nid ? event.prevIds : []));
  const without = new Set([...earliest, ...named] as EventId[]);
  const walk = { from, without, limit: Math.min(limit, MOST_EVENTS), minDepth };
  const events = await earlierEvents(rooms, rooms.db, room, walk);
  return pdusFor(rooms, rooms.db, room, origin, events.reverse());
}

/** The event nearest to a time (`GET /timestamp_to_event`). @throws MatrixError M_NOT_FOUND, M_FORBIDDEN */
export async function askedEventNearTime(
  rooms: RoomsParts,
  origin: ServerName,
  { roomId, ts, direction }: { readonly roomId: string; readonly ts: number; readonly direction: 'f' | 'b' },
): Promise<{ event_id: string; origin_server_ts: number }> {
  const room = await askedRoom(rooms, origin, roomId);
  const [row] = await eventsNearTime(rooms.db, room.nid, ts, direction, { limit: 1, offset: 0 });
  const stored = row === undefined ? undefined : await rooms.events.byNid(rooms.db, row.nid);
  if (stored === undefined)
    throw notFound(`No event ${direction === 'f' ? 'after' : 'before'} that time is known here.`);
  return { event_id: stored.event.id, origin_server_ts: stored.event.ts };
}
