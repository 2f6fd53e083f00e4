import { thirdPartyToken } from '../core/auth/auth-types.ts';
import { domainOf, isUserId, type RoomId, type ServerName, type UserId } from '../core/ids.ts';
import { getObject, getString, type JsonObject } from '../core/json.ts';
import { forbidden, invalidParam, notFound } from '../core/matrix-error.ts';
import { append } from './append.ts';
import { requireNotBlocked } from './blocked-rooms.ts';
import { currentMembership } from './current-membership.ts';
import { checkInvite } from './invite-permission.ts';
import type { RoomsParts } from './parts.ts';
import { roomHead } from './rooms.table.ts';
import { writeRoom } from './write-room.ts';

/** The proof that a user of ours has the address that somebody invited into a room. */
export interface InviteProof {
  readonly roomId: RoomId;
  /** Who invited. */
  readonly sender: UserId;
  readonly target: UserId;
  /** Signed by the identity server; it names the target and the token of the room's `m.room.third_party_invite`. */
  readonly signed: JsonObject;
}

/** Asks the server of whoever invited to make an invite of a proof. Resolves when the invite is here. */
export type InviteExchange = (server: ServerName, roomId: RoomId, event: JsonObject) => Promise<unknown>;

/**
 * Makes an invite of a proof, here or at the server of whoever invited. Whether it is one is decided by the rules of the
 * room (server-server API, "Third-party invites"). `exchange`: absent without federation.
 *
 * @throws MatrixError M_FORBIDDEN, M_NOT_FOUND, M_INVITE_BLOCKED, and what `exchange` throws
 */
export async function inviteByProof(
  rooms: RoomsParts,
  { roomId, sender, target, signed }: InviteProof,
  exchange: InviteExchange | undefined,
): Promise<void> {
  const content = { membership: 'invite', third_party_invite: { display_name: '', signed } };
  if (domainOf(sender) === rooms.serverName) return inviteHere(rooms, roomId, { sender, target, content });
  if (exchange === undefined) throw notFound('The server of whoever invited cannot be asked.');
  const event = { type: 'm.room.member', room_id: roomId, sender, state_key: target, content };
  await exchange(domainOf(sender), roomId, event);
}

/**
 * Uses the proof that a client gives with a join (client-server API, `third_party_signed`), where the user is not in the
 * room or invited already. @throws MatrixError as `inviteByProof`, and M_INVALID_PARAM
 */
export async function useProof(
  rooms: RoomsParts,
  { roomId, userId }: { readonly roomId: RoomId; readonly userId: UserId },
  signed: JsonObject,
  exchange: InviteExchange | undefined,
): Promise<void> {
  const room = await rooms.rooms.find(rooms.db, roomId);
  const current = room && (await currentMembership(rooms, rooms.db, room, userId));
  if (current?.membership === 'join' || current?.membership === 'invite') return;
  const sender = getString(signed, 'sender') ?? '';
  if (!isUserId(sender)) throw invalidParam('The sender of third_party_signed is no user.');
  if (getString(signed, 'mxid') !== userId) throw forbidden('third_party_signed is for somebody else.');
  await inviteByProof(rooms, { roomId, sender, target: userId, signed }, exchange);
}

/** Both are users of ours. */
async function inviteHere(
  rooms: RoomsParts,
  roomId: RoomId,
  { sender, target, content }: { readonly sender: UserId; readonly target: UserId; readonly content: JsonObject },
): Promise<void> {
  const room = await rooms.rooms.get(rooms.db, roomId);
  await writeRoom(rooms, room, async tx => {
    const { state_root: root } = await roomHead(tx, room.nid);
    const token = thirdPartyToken(content) ?? '';
    const offer = await rooms.state.event(tx, room, root, 'm.room.third_party_invite', token);
    if (offer === undefined) throw forbidden('The room has no third-party invite with this token.');
    await requireNotBlocked(tx, room.roomId);
    await checkInvite(rooms, tx, sender, target);
    const { signed } = getObject(content, 'third_party_invite') ?? {};
    const named = {
      display_name: getString(offer.content, 'display_name') ?? '',
      ...(signed !== undefined && { signed }),
    };
    const invite = { ...content, third_party_invite: named };
    await append(rooms, tx, room, { type: 'm.room.member', stateKey: target, sender, content: invite });
  });
}
