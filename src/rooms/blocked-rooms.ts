import { isRoomId, type RoomId, type UserId } from '../core/ids.ts';
import { forbidden, invalidParam } from '../core/matrix-error.ts';
import type { Database, Queryable } from '../db/database.ts';
import { blockerOf, blockRoom, isBlocked, unblockRoom } from './blocked-rooms.table.ts';
import type { RoomsParts } from './parts.ts';

/** Keeps the users of this server out of a room, known here or not, or lets them in again. @throws MatrixError M_INVALID_PARAM */
export async function setRoomBlocked(
  { db, clock }: Pick<RoomsParts, 'db' | 'clock'>,
  roomId: string,
  blocker: { readonly userNid: number },
  blocked: boolean,
): Promise<void> {
  const id = checked(roomId);
  await db.tx(tx => (blocked ? blockRoom(tx, id, blocker.userNid, clock.now()) : unblockRoom(tx, id)));
}

/** Who has blocked a room; undefined where it is not. @throws MatrixError M_INVALID_PARAM */
export function roomBlocker(db: Database, roomId: string): Promise<UserId | undefined> {
  return blockerOf(db, checked(roomId));
}

/** To be asked before a user of this server gets into a room in any way. @throws MatrixError M_FORBIDDEN */
export async function requireNotBlocked(db: Queryable, roomId: RoomId): Promise<void> {
  if (await isBlocked(db, roomId)) throw forbidden('The administrators of this server have blocked this room.');
}

function checked(roomId: string): RoomId {
  if (!isRoomId(roomId)) throw invalidParam('This is not a room ID.');
  return roomId;
}
