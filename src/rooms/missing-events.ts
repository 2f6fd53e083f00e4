import type { Event } from '../core/event.ts';
import type { EventId } from '../core/ids.ts';
import type { Tx } from '../db/database.ts';
import { addBackwardExtremities, gapsOf } from './backward-extremities.table.ts';
import { oldestPosition } from './events.table.ts';
import { addHole, closeHole } from './extremities.table.ts';
import type { Room } from './room.ts';

/**
 * Remembers what an event that was taken in builds on and that is not known: as holes, or as an edge of our history where
 * it is from before we came into the room.
 */
export async function rememberMissing(
  tx: Tx,
  room: Room,
  { event, nid, missing }: { readonly event: Event; readonly nid: number; readonly missing: readonly EventId[] },
  { enteredDepth, now }: { readonly enteredDepth: number; readonly now: number },
): Promise<void> {
  if (missing.length === 0) return;
  if (buildsOnHistory(event, enteredDepth)) {
    await addBackwardExtremities(tx, room.nid, missing, await gapForHistory(tx, room));
    return;
  }
  for (const id of missing) await addHole(tx, room.nid, id, nid, now);
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

/** Whether what an event builds on is from before this server came into the room. */
export function buildsOnHistory(event: Event, enteredDepth: number): boolean {
  return event.depth - 1 <= enteredDepth;
}
