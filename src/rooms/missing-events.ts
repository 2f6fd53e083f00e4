import type { Event } from '../core/event.ts';
import type { EventId } from '../core/ids.ts';
import type { Tx } from '../db/database.ts';
import { addBackwardExtremities, gapsOf } from './backward-extremities.table.ts';
import { oldestPosition } from './events.table.ts';
import { addHole } from './extremities.table.ts';
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
    const [newest] = await gapsOf(tx, room.nid);
    const gap = newest ?? Math.min((await oldestPosition(tx, room.nid)) ?? 0, 0);
    await addBackwardExtremities(tx, room.nid, missing, gap);
    return;
  }
  for (const id of missing) await addHole(tx, room.nid, id, nid, now);
}

/** Whether what an event builds on is from before this server came into the room. */
export function buildsOnHistory(event: Event, enteredDepth: number): boolean {
  return event.depth - 1 <= enteredDepth;
}
