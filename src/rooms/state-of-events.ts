import type { EventId } from '../core/ids.ts';
import type { Tx } from '../db/database.ts';
import { stateKeysOf } from './events.table.ts';
import type { RoomsParts } from './parts.ts';
import { REJECTED, type Room } from './room.ts';
import type { Change, Root } from './state-tree/state-trees.ts';
import { treeKey } from './state-tree/tree-key.ts';

const BATCH = 500;
/** A tree of which more than one in so many entries differ is written anew. */
const FEW = 8;

/**
 * A state from stored events, as another server listed them. Rejected ones do not count, nor what is no state or of
 * another room; of two with the same type and state key the first counts. Of a whole state that it is `near`, only what
 * differs is written.
 */
export async function stateOfEvents(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  ids: readonly EventId[],
  options: { readonly partial?: boolean; readonly near?: Root } = {},
): Promise<Root> {
  const entries = new Map<number, number>();
  for (let at = 0; at < ids.length; at += BATCH) {
    for (const row of await stateKeysOf(tx, room.nid, ids.slice(at, at + BATCH))) {
      const key = treeKey(row.type_nid, row.state_key_nid);
      if ((row.flags & REJECTED) === 0 && !entries.has(key)) entries.set(key, row.nid);
    }
  }
  const { near, partial } = options;
  if (near !== undefined && partial !== true && !(await parts.trees.isPartial(tx, room.nid, near))) {
    const changes = await changesTo(parts, tx, room, near, entries);
    if (changes.length < entries.size / FEW) return parts.trees.apply(tx, room.nid, near, changes);
  }
  const sorted = [...entries].sort(([a], [b]) => a - b);
  return parts.trees.build(tx, room.nid, sorted, options);
}

/** What makes the state at a root to one with these entries. */
async function changesTo(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  root: Root,
  entries: ReadonlyMap<number, number>,
): Promise<Change[]> {
  const changes: Change[] = [];
  const same = new Set<number>();
  for await (const [key, value] of parts.trees.stream(tx, room.nid, root)) {
    if (entries.get(key) === value) same.add(key);
    else if (!entries.has(key)) changes.push({ key, value: undefined });
  }
  for (const [key, value] of entries) if (!same.has(key)) changes.push({ key, value });
  return changes;
}
