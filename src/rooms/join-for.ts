import type { UserId } from '../core/ids.ts';
import { MatrixError } from '../core/matrix-error.ts';
import { currentMembership } from './current-membership.ts';
import type { JoinTarget } from './join-target.ts';
import type { MemberProfile } from './member-content.ts';
import { invite } from './membership.ts';
import { joinAt } from './own-membership.ts';
import type { RoomsParts } from './parts.ts';

/**
 * An administrator brings a user of this server into a room, of other servers too. Where the user could not just join, the
 * administrator invites them, provided that they are in the room themselves and may.
 *
 * @throws MatrixError as `joinAt`
 */
export async function joinFor(
  parts: RoomsParts,
  target: JoinTarget,
  user: { readonly userId: UserId; readonly profile: MemberProfile },
  by: UserId,
): Promise<void> {
  const enter = () => joinAt(parts, target, { sender: user.userId, profile: user.profile });
  try {
    await enter();
  } catch (error) {
    const isShut = error instanceof MatrixError && error.errcode === 'M_FORBIDDEN';
    const room = await parts.rooms.find(parts.db, target.roomId);
    if (!isShut || room === undefined) throw error;
    if ((await currentMembership(parts, parts.db, room, by))?.membership !== 'join') throw error;
    await invite(parts, room, { sender: by, profile: user.profile }, user.userId);
    await enter();
  }
}
