import { thirdPartyToken } from '../../core/auth/auth-types.ts';
import { domainOf, isUserId, type RoomId, type ServerName, type UserId } from '../../core/ids.ts';
import { getObject, getString, isObject, type Json, type JsonObject } from '../../core/json.ts';
import { forbidden, invalidParam } from '../../core/matrix-error.ts';
import { append } from '../../rooms/append.ts';
import { requireNotBlocked } from '../../rooms/blocked-rooms.ts';
import { checkInvite } from '../../rooms/invite-permission.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import { roomHead } from '../../rooms/rooms.table.ts';
import { writeRoom } from '../../rooms/write-room.ts';
import type { FederationClient } from '../transport/federation-client.ts';
import { path } from '../transport/request-target.ts';
import type { InviteGuard } from './ports.ts';

export interface BoundInviteParts {
  readonly rooms: RoomsParts;
  readonly guard: InviteGuard;
  /** `exchangeInvite`. */
  readonly exchange: (server: ServerName, roomId: string, event: JsonObject) => Promise<unknown>;
}

/** Asks the server of whoever invited to make an invite of a proof. @throws UnreachableError, RefusedError */
export function exchangeInvite(
  client: Pick<FederationClient, 'request'>,
  server: ServerName,
  roomId: string,
  body: JsonObject,
): Promise<unknown> {
  const target = path`/_matrix/federation/v1/exchange_third_party_invite/${roomId}`;
  return client.request(server, { method: 'PUT', path: target, body });
}

/** Invites of one notification; what is more is left out. */
const MOST_AT_ONCE = 20;

/**
 * An identity server says that a user of ours has proved an address, and which invites waited for that (server-server API,
 * `PUT /3pid/onbind`). Anybody can say so: what counts is the proof in each invite, which the rules of its room check.
 * One that leads nowhere stops no other. @throws MatrixError M_INVALID_PARAM
 */
export async function takeBoundInvites(parts: BoundInviteParts, mxid: string, invites: readonly Json[]): Promise<void> {
  if (!isUserId(mxid) || domainOf(mxid) !== parts.rooms.serverName)
    throw invalidParam('mxid is no user of this server.');
  const log = parts.rooms.log;
  for (const each of invites.slice(0, MOST_AT_ONCE)) {
    await take(parts, mxid, each).catch((error: unknown) =>
      log.info('An invite by address came to nothing.', { user: mxid, err: error }),
    );
  }
}

async function take(parts: BoundInviteParts, target: UserId, invite: Json): Promise<void> {
  const fields = isObject(invite) ? invite : {};
  const sender = getString(fields, 'sender') ?? '';
  const roomId = getString(fields, 'room_id') ?? '';
  const signed = getObject(fields, 'signed');
  if (!isUserId(sender) || signed === undefined || getString(signed, 'mxid') !== target)
    throw invalidParam('The invite is for somebody else.');
  await parts.guard.admit(domainOf(sender), target);
  const content = { membership: 'invite', third_party_invite: { display_name: '', signed } };
  if (domainOf(sender) === parts.rooms.serverName)
    return inviteHere(parts.rooms, roomId as RoomId, { sender, target, content });
  const event = { type: 'm.room.member', room_id: roomId, sender, state_key: target, content };
  await parts.exchange(domainOf(sender), roomId, event);
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
