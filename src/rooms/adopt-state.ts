import type { Tx } from '../db/database.ts';
import { setStateAfter } from './events.table.ts';
import { extremities } from './extremities.table.ts';
import type { RoomsParts } from './parts.ts';
import { resolveRoots } from './resolve.ts';
import type { Room } from './room.ts';
import { recountDomains } from './room-domains.table.ts';
import { appendToLog, LOG_STATE } from './room-log.table.ts';
import { lockRoom, setRoomState } from './rooms.table.ts';
import { stateChanged } from './state-change.ts';
import type { Root } from './state-tree/state-trees.ts';

/**
 * A state that another server told of the room is resolved with ours, and what comes of it is the state from here on;
 * events that are in the room already keep the one that they were judged by. Whether anything changed.
 */
export async function adoptState(parts: RoomsParts, tx: Tx, room: Room, told: Root): Promise<boolean> {
  const head = await lockRoom(tx, room.nid);
  const tips = [...(await parts.events.byNids(tx, await extremities(tx, room.nid))).values()];
  for (const tip of tips) {
    await setStateAfter(tx, tip.nid, await resolveRoots(parts, tx, room, [tip.stateAfter, told]), tip.roomRoot);
    parts.events.forgetAtCommit(tx, [tip.nid]);
  }
  const root = await resolveRoots(parts, tx, room, [head.state_root, told]);
  const [newest] = tips.toSorted((a, b) => (b.pos ?? 0) - (a.pos ?? 0));
  if (newest === undefined || root === head.state_root) return false;
  await setRoomState(tx, room.nid, root);
  const pos = await appendToLog(tx, parts.bus, room, LOG_STATE, root);
  await stateChanged(parts, tx, room, head.state_root, { ...newest, pos, roomRoot: root });
  await recountDomains(tx, room.nid);
  return true;
}
