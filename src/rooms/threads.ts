import { redactedEvent } from '../core/event.ts';
import type { JsonObject } from '../core/json.ts';
import type { Queryable } from '../db/database.ts';
import { clientEvents } from './client-event.ts';
import type { ClientView } from './event-format.ts';
import { formatRoomToken, parseRoomToken } from './log-token.ts';
import type { RoomsParts } from './parts.ts';
import { threads } from './relations.table.ts';
import { OUTLIER } from './room.ts';
import type { ReadableRoom } from './room-access.ts';
import type { SeenEvent } from './seen-event.ts';
import { visibleEvents } from './visibility.ts';

export interface ThreadsQuery {
  /** `participated`: only threads that the user started or replied in. */
  readonly include: 'all' | 'participated';
  readonly from: string | undefined;
  readonly limit: number;
}

/** The roots of a room's threads, that with the newest reply first (client-server API, `GET /rooms/{roomId}/threads`). */
export async function threadRoots(
  parts: RoomsParts,
  db: Queryable,
  { room, readable }: ReadableRoom,
  view: ClientView,
  { include, from, limit }: ThreadsQuery,
): Promise<JsonObject> {
  const start = from === undefined ? Number.MAX_SAFE_INTEGER : parseRoomToken(from, room.shard);
  const participant = include === 'participated' ? view.userNid : undefined;
  // One more than is shown says whether there are more.
  const found = await threads(db, room.nid, { from: start, upTo: readable.upTo, participant, limit: limit + 1 });
  const rows = found.slice(0, limit);
  const roots = await parts.events.byIds(
    db,
    rows.map(row => row.target),
  );
  const own = rows
    .flatMap(row => roots.get(row.target) ?? [])
    .filter(stored => stored.roomNid === room.nid && (stored.flags & OUTLIER) === 0);
  const seen = await visibleEvents(parts, db, room, { ...view, ignored: undefined }, own);
  const last = found.length > limit ? rows.at(-1) : undefined;
  return {
    chunk: await clientEvents(
      parts,
      db,
      room,
      view,
      seen.map(root => withoutIgnored(root, view)),
    ),
    ...(last === undefined ? {} : { next_batch: formatRoomToken(last.pos - 1) }),
  };
}

/** What somebody whom the viewer ignores said is left out, but not that others talk about it (getThreadRoots, `chunk`). */
function withoutIgnored(root: SeenEvent, { ignored }: ClientView): SeenEvent {
  const { stored } = root;
  if (ignored?.has(stored.event.sender) !== true) return root;
  return { ...root, stored: { ...stored, event: redactedEvent(stored.event) } };
}
