import type { Tx } from '../db/database.ts';
import type { RoomsParts } from './parts.ts';
import { resolveEntry, resolveRoots } from './resolve.ts';
import type { Room, StoredEvent } from './room.ts';
import type { Root } from './state-tree/tree-types.ts';

/** So many extremities are merged at once. A peaceful room has a few, and who makes thousands wants us to be busy. */
export const MOST_MERGED = 40;

export interface MergedTips {
  /** The extremities that the new event does not build on. */
  readonly others: readonly number[];
  /** The new event, where it is an extremity. */
  readonly own: Pick<StoredEvent, 'nid' | 'event' | 'stateBefore' | 'stateAfter' | 'replacesNid'> | undefined;
  /** The room's state before it. */
  readonly now: Root;
  /** The state before the new event was told by others, and may have anything in it. */
  readonly isTold: boolean;
}

/**
 * The state after all extremities. Of very many only the new one is merged, with the state as it was, and what it says itself
 * alone: what it builds on was merged when it came. What comes of that may differ from the whole where they contradict each
 * other, until a few remain.
 */
export async function stateOfTips(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  { others, own, now, isTold }: MergedTips,
): Promise<Root> {
  if (others.length === 0 && own !== undefined) return own.stateAfter;
  if (others.length <= MOST_MERGED) {
    const events = await parts.events.byNids(tx, others);
    const roots = [...events.values()].map(stored => stored.stateAfter);
    return resolveRoots(parts, tx, room, own === undefined ? roots : [...roots, own.stateAfter]);
  }
  if (own === undefined) return now;
  if (isTold) return resolveRoots(parts, tx, room, [now, own.stateAfter]);
  if (own.stateBefore === own.stateAfter) return now;
  return resolveEntry(parts, tx, room, now, own);
}
