import type { RoomId } from '../core/ids.ts';
import type { Tx } from '../db/database.ts';
import type { RoomsParts } from './parts.ts';
import type { Room } from './room.ts';
import {
  deleteEvents,
  deleteMemberRows,
  deleteRoomRows,
  forgetRemains,
  leaveRemains,
  remainsOf,
  someEvents,
  someMembers,
} from './room-remains.table.ts';
import { wordsIn } from './search/search-index.table.ts';
import { writeRoom } from './write-room.ts';

/** What other parts keep of a room goes with it. */
export interface RoomRemover {
  /** Deletes at most `limit` rows that name the room; their number. */
  removeRows(tx: Tx, roomNid: number, limit: number): Promise<number>;
  /** Runs in the transaction that takes the users' memberships away. */
  usersRemoved(
    tx: Tx,
    room: { readonly nid: number; readonly roomId: RoomId },
    userNids: readonly number[],
  ): Promise<void>;
}

/** Rows of one transaction: others wait behind it. */
const AT_ONCE = 500;

/** Takes a room out of this server at a stroke: nobody finds it any more. What is left is cleared away by `clearRemains`. */
export async function takeAway(parts: RoomsParts, room: Room): Promise<void> {
  await writeRoom(parts, room, async tx => {
    await leaveRemains(tx, room.nid, room.roomId);
    parts.rooms.forgetAtCommit(tx, room);
  });
}

/**
 * Clears away a piece of what is left of a room, some hundred rows. Answers how many; 0 when nothing is left, and the
 * room may come back.
 */
export async function clearRemains(parts: RoomsParts, roomId: RoomId, remover: RoomRemover): Promise<number> {
  const nid = await remainsOf(parts.db, roomId);
  if (nid === undefined) return 0;
  return parts.db.tx(async tx => {
    const cleared =
      (await clearMembers(parts, tx, { nid, roomId }, remover)) ||
      (await clearEvents(parts, tx, nid)) ||
      (await deleteRoomRows(tx, nid, AT_ONCE)) ||
      (await remover.removeRows(tx, nid, AT_ONCE));
    if (cleared === 0) await forgetRemains(tx, nid);
    return cleared;
  });
}

async function clearMembers(
  parts: RoomsParts,
  tx: Tx,
  room: { readonly nid: number; readonly roomId: RoomId },
  remover: RoomRemover,
): Promise<number> {
  const ownDomainNid = (await parts.nids.domains.findOne(tx, parts.serverName)) ?? 0;
  const members = await someMembers(tx, room.nid, ownDomainNid, AT_ONCE);
  const own = members.filter(member => member.is_own === 1).map(member => member.user_nid);
  if (own.length > 0) await remover.usersRemoved(tx, room, own);
  const nids = members.map(member => member.user_nid);
  if (nids.length === 0) return 0;
  await parts.departures?.left(tx, nids);
  return deleteMemberRows(tx, room.nid, nids);
}

/** Events go with the words by which they are found. */
async function clearEvents(parts: RoomsParts, tx: Tx, roomNid: number): Promise<number> {
  const events = await someEvents(tx, roomNid, AT_ONCE);
  if (events.length === 0) return 0;
  const nids = events.map(event => event.nid);
  await wordsIn(parts.db.dialect).removeAll(tx, nids);
  parts.events.forgetAtCommit(tx, nids);
  return deleteEvents(tx, nids);
}
