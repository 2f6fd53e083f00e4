import type { UserId } from '../../core/ids.ts';
import { forbidden } from '../../core/matrix-error.ts';
import { sharingRoomWith } from '../../rooms/members.table.ts';
import type { RoomsParts } from '../../rooms/parts.ts';

/**
 * The number of a user whose presence somebody may see: their own and that of users in their rooms. One answer for all
 * others, whether they exist or not. @throws MatrixError M_FORBIDDEN
 */
export async function requirePresenceVisible(
  { db, nids }: Pick<RoomsParts, 'db' | 'nids'>,
  viewerNid: number,
  userId: UserId,
): Promise<number> {
  const userNid = await nids.users.findOne(db, userId);
  if (userNid === viewerNid) return userNid;
  if (userNid === undefined || (await sharingRoomWith(db, viewerNid, [userNid])).length === 0) {
    throw forbidden('You share no room with this user.');
  }
  return userNid;
}
