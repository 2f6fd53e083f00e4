import type { JsonObject } from '../core/json.ts';
import type { Queryable } from '../db/database.ts';
import { clientEvents } from './client-event.ts';
import type { EventFilter } from './event-filter.ts';
import type { ClientView } from './event-format.ts';
import { timelineBackward, timelineForward } from './events.table.ts';
import { formatRoomToken, parseRoomToken } from './log-token.ts';
import { pageAcrossGaps } from './page-across-gaps.ts';
import type { RoomsParts } from './parts.ts';
import type { RemoteHistory } from './ports.ts';
import type { Room } from './room.ts';
import type { ReadableRoom } from './room-access.ts';
import { membersOfSenders, unseen } from './sender-members.ts';

export interface MessagesQuery {
  readonly direction: 'f' | 'b';
  /** Tokens of a sync or of an earlier page. Without `from` it starts at the end or beginning of the room. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly limit: number;
  readonly filter: EventFilter;
  /** Where history that is missing comes from. */
  readonly history?: RemoteHistory | undefined;
}

/** A page of a room's history for a client (client-server API, `GET /rooms/{roomId}/messages`). */
export async function messages(
  parts: RoomsParts,
  db: Queryable,
  { room, readable }: ReadableRoom,
  view: ClientView,
  query: MessagesQuery,
): Promise<JsonObject> {
  const { direction, limit, filter } = query;
  const from = query.from === undefined ? await edge(db, room, direction) : parseRoomToken(query.from, room.shard);
  const to = query.to === undefined ? undefined : parseRoomToken(query.to, room.shard);
  // Nothing that came after a viewer left needs to be read.
  const range =
    direction === 'b'
      ? { from: Math.min(from, readable.upTo), to }
      : { from, to: Math.min(to ?? readable.upTo, readable.upTo) };
  const request = { direction, limit, filter, ...range };
  const { events, next } = await pageAcrossGaps(parts, db, room, view, request, query.history);
  const members = filter.lazyLoadMembers
    ? await membersOfSenders(
        parts,
        db,
        room,
        events.map(({ stored }) => stored),
      )
    : [];
  const format = { withoutBundle: true, withoutPrevious: true };
  return {
    start: query.from ?? formatRoomToken(from),
    ...(next === undefined ? {} : { end: formatRoomToken(next) }),
    chunk: await clientEvents(parts, db, room, view, events),
    ...(members.length === 0 ? {} : { state: await clientEvents(parts, db, room, view, unseen(members), format) }),
  };
}

/** The place after the newest event that we have, or before the oldest. */
async function edge(db: Queryable, room: Room, direction: 'f' | 'b'): Promise<number> {
  const all = { after: Number.MIN_SAFE_INTEGER, upTo: Number.MAX_SAFE_INTEGER };
  const [event] =
    direction === 'b' ? await timelineBackward(db, room.nid, all, 1) : await timelineForward(db, room.nid, all, 1);
  if (event === undefined) return 0;
  return direction === 'b' ? event.pos : event.pos - 1;
}
