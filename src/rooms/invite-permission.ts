import type { UserId } from '../core/ids.ts';
import { MatrixError } from '../core/matrix-error.ts';
import type { Queryable } from '../db/database.ts';
import type { RoomsParts } from './parts.ts';

/** @throws MatrixError M_INVITE_BLOCKED when a user of this server wants no invites from the sender */
export async function checkInvite(parts: RoomsParts, db: Queryable, sender: UserId, target: UserId): Promise<void> {
  if (parts.invites === undefined || !target.endsWith(`:${parts.serverName}`)) return;
  const userNid = await parts.nids.users.findOne(db, target);
  if (userNid !== undefined && (await parts.invites.decide(db, userNid, sender)) === 'block') {
    throw new MatrixError('M_INVITE_BLOCKED', 'This user does not want to be invited.');
  }
}

/** Whether an invite that is there must not be shown to the user it is for, nor notify them. */
export async function isInviteHidden(
  parts: RoomsParts,
  db: Queryable,
  userNid: number,
  sender: UserId,
): Promise<boolean> {
  return parts.invites !== undefined && (await parts.invites.decide(db, userNid, sender)) !== 'allow';
}
