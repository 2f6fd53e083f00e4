import type { UserId } from '../core/ids.ts';
import { MatrixError } from '../core/matrix-error.ts';
import { currentMembership } from './current-membership.ts';
import type { MemberProfile } from './member-content.ts';
import { invite, join } from './membership.ts';
import type { RoomsParts } from './parts.ts';
import type { Room } from './room.ts';

/**
 * An administrator brings a user of this server into a room. Where the user could not just join, the administrator
 * invites them, provided that they are in the room themselves and may.
 *
 * @throws MatrixError M_FORBIDDEN
 */
export async function joinFor(
  parts: RoomsParts,
  room: Room,
  user: { readonly userId: UserId; readonly profile: MemberProfile },
  by: UserId,
): Promise<void> {
  const enter = () => join(parts, room, { sender: user.userId, profile: user.profile });
  try {
    await enter();
  } catch (error) {
    const isShut = error instanceof MatrixError && error.errcode === 'M_FORBIDDEN';
    if (!isShut || (await currentMembership(parts, parts.db, room, by))?.membership !== 'join') throw error;
    await invite(parts, room, { sender: by, profile: user.profile }, user.userId);
    await enter();
  }
}
