import { sleep } from '../base/clock.ts';
import type { JsonObject } from '../core/json.ts';
import { clientEvents } from './client-event.ts';
import { compileFilter } from './event-filter.ts';
import type { ClientView } from './event-format.ts';
import { formatRoomToken, parseRoomToken } from './log-token.ts';
import type { RoomsParts } from './parts.ts';
import { type ReadableRoom, readableRoom } from './room-access.ts';
import { LOG_SUBJECT, type LogEntry, lastEntryOf } from './room-log.table.ts';
import { page } from './timeline.ts';

export interface FollowQuery {
  readonly roomId: string;
  /** A token of an earlier answer, or of the room's initial sync. Undefined: from now on. */
  readonly from: string | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const MOST_EVENTS = 100;

/**
 * Waits for events of one room and answers them (client-server API, `GET /events` of "Room Previews").
 * @throws MatrixError M_FORBIDDEN when the viewer may not look in, M_INVALID_PARAM for the token
 */
export async function followRoom(parts: RoomsParts, view: ClientView, query: FollowQuery): Promise<JsonObject> {
  const { db, clock, bus } = parts;
  const deadline = clock.monotonic() + query.timeoutMs;
  let from: number | undefined;
  for (;;) {
    // Each time anew: who may look in can have changed.
    const found = await readableRoom(parts, query.roomId, view);
    const woken = new AbortController();
    // Listening starts before the log is read, so that nothing falls in between.
    using _ = bus.subscribe(LOG_SUBJECT, message => {
      if ((JSON.parse(message) as LogEntry).room_nid === found.room.nid) woken.abort();
    });
    const head = await lastEntryOf(db, found.room.nid);
    from ??= query.from === undefined ? head : parseRoomToken(query.from, found.room.shard);
    const { events, end } = await between(parts, found, view, from, head);
    const left = deadline - clock.monotonic();
    if (events.length > 0 || left <= 0 || query.signal.aborted)
      return { start: formatRoomToken(from), end: formatRoomToken(end), chunk: events };
    await sleep(clock, left, AbortSignal.any([woken.signal, query.signal]));
  }
}

async function between(
  parts: RoomsParts,
  { room, readable }: ReadableRoom,
  view: ClientView,
  from: number,
  head: number,
): Promise<{ readonly events: JsonObject[]; readonly end: number }> {
  const to = Math.min(head, readable.upTo);
  const query = { direction: 'f', from, to, limit: MOST_EVENTS, filter: compileFilter() } as const;
  const { events, next } = await page(parts, parts.db, room, view, query);
  return { events: await clientEvents(parts, parts.db, room, view, events), end: next ?? Math.max(from, head) };
}
