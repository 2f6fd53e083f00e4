import type { EventId } from '../core/ids.ts';
import type { Tx } from '../db/database.ts';
import { stateKeysOf } from './events.table.ts';
import type { RoomsParts } from './parts.ts';
import { REJECTED, type Room } from './room.ts';
import type { Root } from './state-tree/state-trees.ts';
import { treeKey } from './state-tree/tree-key.ts';

const BATCH = 500;

/**
 * A state from stored events, as another server listed them. Rejected ones do not count, nor what is no state or of
 * another room; of two with the same type and state key the first counts.
 */
export async function stateOfEvents(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  ids: readonly EventId[],
  options: { readonly partial?: boolean } = {},
): Promise<Root> {
  const entries = new Map<number, number>();
  for (let at = 0; at < ids.length; at += BATCH) {
    for (const row of await stateKeysOf(tx, room.nid, ids.slice(at, at + BATCH))) {
      const key = treeKey(row.type_nid, row.state_key_nid);
      if ((row.flags & REJECTED) === 0 && !entries.has(key)) entries.set(key, row.nid);
    }
  }
  const sorted = [...entries].sort(([a], [b]) => a - b);
  return parts.trees.build(tx, room.nid, sorted, options);
}
