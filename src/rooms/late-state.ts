import type { EventId } from '../core/ids.ts';
import type { Tx } from '../db/database.ts';
import { setStateAfter, stateKeysOf } from './events.table.ts';
import { extremities } from './extremities.table.ts';
import type { RoomsParts } from './parts.ts';
import { REJECTED, type Room } from './room.ts';
import { lockRoom, setRoomState } from './rooms.table.ts';
import { stateChanged } from './state-change.ts';
import type { Root } from './state-tree/state-trees.ts';
import { treeKey } from './state-tree/tree-key.ts';
import type { Change } from './state-tree/tree-types.ts';

/**
 * State events that could not be stored when we came into a room, and can be now, take the places in its state where
 * nothing stands. Events that are in the room already keep the state that they were judged by; what comes from here on
 * builds on the whole. With `isWhole` nothing is missing any more.
 */
export async function addLateState(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  ids: readonly EventId[],
  isWhole: boolean,
): Promise<void> {
  const head = await lockRoom(tx, room.nid);
  const rows = await stateKeysOf(tx, room.nid, ids);
  const late = rows.flatMap(row =>
    (row.flags & REJECTED) === 0 ? [{ key: treeKey(row.type_nid, row.state_key_nid), value: row.nid }] : [],
  );
  const tips = [...(await parts.events.byNids(tx, await extremities(tx, room.nid))).values()];
  const moved = new Map<Root, Root>();
  for (const root of new Set([head.state_root, ...tips.map(tip => tip.stateAfter)]))
    moved.set(root, await completed(parts, tx, room, root, late, isWhole));
  for (const tip of tips) {
    await setStateAfter(tx, tip.nid, moved.get(tip.stateAfter)!, tip.roomRoot);
    parts.events.forgetAtCommit(tx, [tip.nid]);
  }
  const root = moved.get(head.state_root)!;
  const [newest] = tips.toSorted((a, b) => (b.pos ?? 0) - (a.pos ?? 0));
  if (root === head.state_root || newest === undefined) return;
  await setRoomState(tx, room.nid, root);
  // As if the newest event had brought it: no place in the log is taken, and the next event shows the difference.
  const stored = { ...newest, pos: newest.pos ?? 0, roomRoot: root };
  await stateChanged(parts, tx, room, head.state_root, stored);
}

async function completed(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  root: Root,
  late: readonly Change[],
  isWhole: boolean,
): Promise<Root> {
  const taken = await parts.trees.get(
    tx,
    room.nid,
    root,
    late.map(({ key }) => key),
  );
  const filled = await parts.trees.apply(
    tx,
    room.nid,
    root,
    late.filter(({ key }) => !taken.has(key)),
  );
  if (!isWhole || !(await parts.trees.isPartial(tx, room.nid, filled))) return filled;
  // The mark is handed on from root to root: only a tree that is built anew is without it.
  return parts.trees.build(tx, room.nid, parts.trees.stream(tx, room.nid, filled));
}
