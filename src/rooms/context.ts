import type { EventId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { notFound } from '../core/matrix-error.ts';
import type { Queryable } from '../db/database.ts';
import { clientEvents } from './client-event.ts';
import type { EventFilter } from './event-filter.ts';
import type { ClientView } from './event-format.ts';
import { formatRoomToken } from './log-token.ts';
import { pageAcrossGaps } from './page-across-gaps.ts';
import type { RoomsParts } from './parts.ts';
import type { RemoteHistory } from './ports.ts';
import type { Room, StoredEvent } from './room.ts';
import type { ReadableRoom } from './room-access.ts';
import { membersOfSenders, unseen } from './sender-members.ts';
import { type SeenEvent, type Viewer, visibleEvents } from './visibility.ts';

/** One event if the viewer may see it. @throws MatrixError M_NOT_FOUND, whatever the reason is */
export async function visibleEvent(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  viewer: Viewer,
  eventId: string,
): Promise<SeenEvent & { readonly pos: number }> {
  const stored = await parts.events.inRoom(db, room, eventId as EventId);
  const [seen] = stored === undefined ? [] : await visibleEvents(parts, db, room, viewer, [stored]);
  if (seen?.stored.pos === undefined) throw notFound('The event was not found.');
  return { ...seen, pos: seen.stored.pos };
}

/** What is around an event: everything but the state, which may be too much for one piece. */
export interface EventContext {
  /** `start`, `end`, `event`, `events_before` and `events_after`. */
  readonly answer: JsonObject;
  /** State for the events: all of it, or with lazy loading the members who sent them. */
  readonly state: AsyncIterable<JsonObject>;
}

const LIST_FORMAT = { withoutBundle: true, withoutPrevious: true };

export interface ContextQuery {
  readonly eventId: string;
  readonly limit: number;
  readonly filter: EventFilter;
  /** Where history that is missing comes from. */
  readonly history?: RemoteHistory | undefined;
}

/** The events around one (client-server API, `GET /rooms/{roomId}/context/{eventId}`). @throws MatrixError M_NOT_FOUND */
export async function eventContext(
  parts: RoomsParts,
  db: Queryable,
  { room, readable }: ReadableRoom,
  view: ClientView,
  { eventId, limit, filter, history }: ContextQuery,
): Promise<EventContext> {
  const seen = await visibleEvent(parts, db, room, view, eventId);
  const back = { direction: 'b' as const, from: seen.pos - 1, limit: Math.floor(limit / 2), filter };
  const before = await pageAcrossGaps(parts, db, room, view, back, history);
  const on = { direction: 'f' as const, from: seen.pos, to: readable.upTo, limit: Math.ceil(limit / 2), filter };
  const after = await pageAcrossGaps(parts, db, room, view, on, history);
  const all = [...before.events, seen, ...after.events].map(({ stored }) => stored);
  const oldest = before.events.at(-1)?.stored.pos ?? seen.pos;
  const last = after.events.at(-1)?.stored ?? seen.stored;
  const [event] = await clientEvents(parts, db, room, view, [seen]);
  return {
    answer: {
      start: formatRoomToken(oldest - 1),
      end: formatRoomToken(last.pos ?? seen.pos),
      event: event ?? null,
      events_before: await clientEvents(parts, db, room, view, before.events),
      events_after: await clientEvents(parts, db, room, view, after.events),
    },
    state: stateFor({ parts, db, room, view, filter }, last, all),
  };
}

interface StateQuestion {
  readonly parts: RoomsParts;
  readonly db: Queryable;
  readonly room: Room;
  readonly view: ClientView;
  readonly filter: EventFilter;
}

async function* stateFor(
  { parts, db, room, view, filter }: StateQuestion,
  last: StoredEvent,
  shown: readonly StoredEvent[],
): AsyncIterableIterator<JsonObject> {
  const withoutMembers = filter.lazyLoadMembers;
  for await (const batch of parts.state.batches(db, room, last.stateAfter, { withoutMembers })) {
    const wanted = batch.filter(({ event }) => filter.matches(event));
    yield* await clientEvents(parts, db, room, view, unseen(wanted), LIST_FORMAT);
  }
  if (!withoutMembers) return;
  const members = await membersOfSenders(parts, db, room, shown);
  yield* await clientEvents(parts, db, room, view, unseen(members), LIST_FORMAT);
}
