import type { EventId, UserId } from '../core/ids.ts';
import { getString, type JsonObject } from '../core/json.ts';
import { forbidden, MatrixError } from '../core/matrix-error.ts';
import { currentMembership } from './current-membership.ts';
import { ban, invite, kick, type MemberAction, unban } from './membership.ts';
import { joinAt, knockAt, leaveAt } from './own-membership.ts';
import type { RoomsParts } from './parts.ts';
import type { Room } from './room.ts';

/**
 * A membership as a client writes it through the state endpoint. It goes the way of the endpoint that is meant for it:
 * the server signs what its users send, so a restricted room would let in whoever names an authorising user.
 *
 * @throws MatrixError M_BAD_JSON for an unknown membership; else as the function for the membership
 */
export async function setMembership(
  parts: RoomsParts,
  room: Room,
  action: MemberAction & { readonly content: JsonObject },
  target: UserId,
): Promise<EventId> {
  const own = target === action.sender;
  const full = { ...action, reason: getString(action.content, 'reason') };
  switch (getString(action.content, 'membership')) {
    case 'join':
      if (!own) throw forbidden('Nobody joins in the name of another.');
      return joinAt(parts, { roomId: room.roomId, via: [] }, full);
    case 'knock':
      if (!own) throw forbidden('Nobody knocks in the name of another.');
      return knockAt(parts, { roomId: room.roomId, via: [] }, full);
    case 'invite':
      return invite(parts, room, full, target);
    case 'ban':
      return ban(parts, room, full, target);
    case 'leave':
      if (own) return leaveAt(parts, room.roomId, full);
      return (await isBanned(parts, room, target)) ? unban(parts, room, full, target) : kick(parts, room, full, target);
    default:
      throw new MatrixError('M_BAD_JSON', 'membership must be join, invite, knock, leave or ban.');
  }
}

async function isBanned(parts: RoomsParts, room: Room, target: UserId): Promise<boolean> {
  return (await currentMembership(parts, parts.db, room, target))?.membership === 'ban';
}
