import { requiredLevel, userLevel } from '../core/auth/power-levels.ts';
import type { UserId } from '../core/ids.ts';
import { getString } from '../core/json.ts';
import type { Queryable } from '../db/database.ts';
import type { RoomsParts } from './parts.ts';
import type { Room } from './room.ts';
import { roomHead } from './rooms.table.ts';

/** Whether a user is in the room and has the power to send state of a type now. */
export async function maySendState(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  userId: UserId,
  type: string,
): Promise<boolean> {
  const { state_root: root } = await roomHead(db, room.nid);
  const state = await parts.state.lookup(db, room, root, [
    ['m.room.create', ''],
    ['m.room.power_levels', ''],
    ['m.room.member', userId],
  ]);
  const member = state('m.room.member', userId);
  if (member === undefined || getString(member.content, 'membership') !== 'join') return false;
  return userLevel(state, userId) >= requiredLevel(state, type, true);
}
