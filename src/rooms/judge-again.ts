import type { EventId } from '../core/ids.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { extremities } from './extremities.table.ts';
import { type Ingested, type IngestOptions, ingest } from './ingest.ts';
import { authIdsOf, judgeByAuthEvents } from './judge-event.ts';
import type { RoomsParts } from './parts.ts';
import { acquit } from './refused-events.table.ts';
import { OUTLIER, REJECTED, type Room, type StoredEvent } from './room.ts';

/** Events that are looked at on the way back from the extremities. */
const MOST_WALKED = 3000;

/** Events that the room's extremities come from, back to a depth, as far as that is not too far. */
export async function eventsBehind(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  depth: number,
): Promise<ReadonlySet<EventId>> {
  const behind = new Set<EventId>();
  let level = [...(await parts.events.byNids(db, await extremities(db, room.nid))).values()];
  while (level.length > 0 && behind.size < MOST_WALKED) {
    const before = new Set(level.flatMap(({ event }) => event.prevIds).filter(id => !behind.has(id)));
    for (const id of before) behind.add(id);
    level = [...(await parts.events.byIds(db, before)).values()].filter(({ event }) => event.depth > depth);
  }
  return behind;
}

export interface Anew extends Pick<IngestOptions, 'unwanted'> {
  /** The state before it, where it has a place. */
  readonly stateBefore: number;
  readonly isBuiltOn: boolean;
}

/**
 * Judges a refused event again: by its own auth events as ever, by a state before it that is known better now, and by the
 * room's state. Where it is accepted it becomes part of the room as if it came now.
 */
export async function judgeAgain(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  { event }: Pick<StoredEvent, 'event'>,
  { isBuiltOn, ...options }: Anew,
): Promise<Ingested> {
  return ingest(parts, tx, room, event, { ...options, again: { isBuiltOn } });
}

/**
 * An event without a place was rejected for what it names as authorising it, or because one of these was rejected; that may
 * be over. Whether it is.
 */
export async function acquitOutlier(parts: RoomsParts, tx: Tx, { nid, event, flags }: StoredEvent): Promise<boolean> {
  if ((flags & OUTLIER) === 0 || (flags & REJECTED) === 0) return false;
  const known = await parts.events.byIds(tx, authIdsOf(event));
  if (!judgeByAuthEvents(event, id => known.get(id), parts.crypto).ok) return false;
  await acquit(tx, nid);
  parts.events.forgetAtCommit(tx, [nid]);
  return true;
}
