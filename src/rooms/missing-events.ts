import type { Event } from '../core/event.ts';
import type { EventId } from '../core/ids.ts';
import type { Tx } from '../db/database.ts';
import { addBackwardExtremities, gapsOf, takeBackwardExtremity } from './backward-extremities.table.ts';
import { oldestPosition } from './events.table.ts';
import { addHole, closeHole } from './extremities.table.ts';
import type { RoomsParts } from './parts.ts';
import { OUTLIER, REJECTED, type Room, SOFT_FAILED, type StoredEvent } from './room.ts';
import { type RoomHead, roomHead } from './rooms.table.ts';

/** What an event was missing for until now. */
export interface Awaited {
  readonly isAwaited: boolean;
  /** The gap that it was missing below, if it was below one. */
  readonly gapPos: number | undefined;
  /** Else the number of the event that builds on it. */
  readonly wantedBy: number | undefined;
}

export const NOT_AWAITED: Awaited = { isAwaited: false, gapPos: undefined, wantedBy: undefined };

/** Whether an event that comes was missing. It is missing no more. */
export async function foundAtLast(tx: Tx, room: Room, id: EventId): Promise<Awaited> {
  const wantedBy = await closeHole(tx, room.nid, id);
  if (wantedBy !== undefined) return { isAwaited: true, gapPos: undefined, wantedBy };
  const gapPos = await takeBackwardExtremity(tx, room.nid, id);
  return { isAwaited: gapPos !== undefined, gapPos, wantedBy };
}

/**
 * Remembers what an event that was taken in builds on and that is not known: as holes, or as an edge of our history where
 * it is below a gap or from before we came into the room.
 */
export async function rememberMissing(
  tx: Tx,
  room: Room,
  { event, nid, missing }: { readonly event: Event; readonly nid: number; readonly missing: readonly EventId[] },
  since: { readonly enteredDepth: number; readonly now: number; readonly gapPos: number | undefined },
): Promise<void> {
  if (missing.length === 0) return;
  const { enteredDepth, now, gapPos } = since;
  if (gapPos !== undefined || buildsOnHistory(event, enteredDepth)) {
    await addBackwardExtremities(tx, room.nid, missing, gapPos ?? (await gapForHistory(tx, room)));
    return;
  }
  for (const id of missing) await addHole(tx, room.nid, id, nid, now);
}

/** Refused events that are looked at on the way back from one that builds on them. */
const MOST_REFUSED = 10;

/**
 * What refused events build on and that is not known, with them. Nobody waits for it as long as nothing comes from there: an
 * accepted event that builds on them has it in its past, and names nothing of it.
 */
export async function missingBelowRefused(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  builtOn: readonly StoredEvent[],
): Promise<readonly { readonly event: Event; readonly nid: number; readonly missing: readonly EventId[] }[]> {
  const isRefused = ({ pos, flags, roomNid }: StoredEvent) =>
    pos === undefined && (flags & (REJECTED | SOFT_FAILED)) !== 0 && (flags & OUTLIER) === 0 && roomNid === room.nid;
  const found = new Map<EventId, { event: Event; nid: number; missing: readonly EventId[] }>();
  let level = builtOn.filter(isRefused);
  while (level.length > 0 && found.size < MOST_REFUSED) {
    const below = await parts.events.byIds(tx, new Set(level.flatMap(({ event }) => event.prevIds)));
    const isPlaced = (id: EventId) => ((below.get(id)?.flags ?? OUTLIER) & OUTLIER) === 0;
    for (const { event, nid } of level)
      found.set(event.id, { event, nid, missing: event.prevIds.filter(id => !isPlaced(id)) });
    level = [...below.values()].filter(each => isRefused(each) && !found.has(each.event.id));
  }
  return [...found.values()];
}

/** Holes that turn out to be from before this server came into the room: they are an edge of our history. */
export async function turnIntoHistory(tx: Tx, room: Room, ids: readonly EventId[]): Promise<void> {
  for (const id of ids) await closeHole(tx, room.nid, id);
  await addBackwardExtremities(tx, room.nid, ids, await gapForHistory(tx, room));
}

/** The gap between this stay and what was before; a new one below everything where that was closed. */
async function gapForHistory(tx: Tx, room: Room): Promise<number> {
  const [newest] = await gapsOf(tx, room.nid);
  return newest ?? Math.min((await oldestPosition(tx, room.nid)) ?? 0, 0);
}

/**
 * Whether an event is from before this server came into the room. What it was told of the room's state when it came in is
 * that too, however near to the join: taken in as news it would stand beside the room as it is now, and the state would be
 * resolved with what it was long ago.
 */
export function isFromBefore(
  { entered_depth, joined_depth }: Pick<RoomHead, 'entered_depth' | 'joined_depth'>,
  event: Event,
  known: Pick<StoredEvent, 'flags'> | undefined,
): boolean {
  const wasTold = known !== undefined && (known.flags & OUTLIER) !== 0;
  return event.depth <= entered_depth || (wasTold && event.depth < joined_depth);
}

/** Those of some events that are from before this server came into the room. */
export async function eventsFromBefore(parts: RoomsParts, room: Room, events: readonly Event[]): Promise<Event[]> {
  const head = await roomHead(parts.db, room.nid);
  const known = await parts.events.byIds(
    parts.db,
    events.map(event => event.id),
  );
  return events.filter(event => isFromBefore(head, event, known.get(event.id)));
}

/** Whether what an event builds on is from before this server came into the room. */
export function buildsOnHistory(event: Event, enteredDepth: number): boolean {
  return event.depth - 1 <= enteredDepth;
}
