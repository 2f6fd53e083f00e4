import { thirdPartyToken } from '../../core/auth/auth-types.ts';
import { domainOf, isUserId, type ServerName, type UserId } from '../../core/ids.ts';
import { getObject, getString, type JsonObject } from '../../core/json.ts';
import { forbidden, invalidParam } from '../../core/matrix-error.ts';
import { inviteElsewhere } from '../../rooms/invite-elsewhere.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import type { RemoteMemberships } from '../../rooms/ports.ts';
import type { Room } from '../../rooms/room.ts';
import { roomHead } from '../../rooms/rooms.table.ts';
import { roomWithMembers } from './resident-room.ts';

/**
 * Another server's user has proved to be the one whom a user of ours invited by mail address or the like: they are
 * invited now, by our user and with that proof, which the room's rules check (server-server API, "Third-party invites").
 *
 * @throws MatrixError M_INVALID_PARAM, M_FORBIDDEN, M_NOT_FOUND, and what the invited user's server says
 */
export async function exchangeThirdPartyInvite(
  rooms: RoomsParts,
  memberships: RemoteMemberships,
  origin: ServerName,
  roomId: string,
  partial: JsonObject,
): Promise<void> {
  const room = await roomWithMembers(rooms, origin, roomId);
  const { sender, target, content } = readPartial(partial, room);
  if (domainOf(sender) !== rooms.serverName) throw forbidden('The inviting user is none of this server.');
  if (domainOf(target) !== origin) throw forbidden('The invited user is none of your server.');
  const token = thirdPartyToken(content) ?? '';
  const { state_root: root } = await roomHead(rooms.db, room.nid);
  const offer = await rooms.state.event(rooms.db, room, root, 'm.room.third_party_invite', token);
  if (offer === undefined) throw forbidden('The room has no third-party invite with this token.');
  const signed = getObject(getObject(content, 'third_party_invite') ?? {}, 'signed') ?? {};
  const display_name = getString(offer.content, 'display_name') ?? '';
  const invite = { membership: 'invite', third_party_invite: { display_name, signed } };
  await inviteElsewhere(rooms, memberships, room, { sender, target, content: invite });
}

/** @throws MatrixError M_INVALID_PARAM */
function readPartial(partial: JsonObject, room: Room): { sender: UserId; target: UserId; content: JsonObject } {
  const sender = getString(partial, 'sender') ?? '';
  const target = getString(partial, 'state_key') ?? '';
  const content = getObject(partial, 'content') ?? {};
  if (getString(partial, 'room_id') !== room.roomId) throw invalidParam('room_id is not that of the path.');
  if (getString(partial, 'type') !== 'm.room.member' || getString(content, 'membership') !== 'invite')
    throw invalidParam('That is no invite.');
  if (!isUserId(sender) || !isUserId(target)) throw invalidParam('sender and state_key must be user IDs.');
  return { sender, target, content };
}
