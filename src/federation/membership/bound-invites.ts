import { domainOf, isUserId, type RoomId, type ServerName, type UserId } from '../../core/ids.ts';
import { getObject, getString, isObject, type Json, type JsonObject } from '../../core/json.ts';
import { invalidParam } from '../../core/matrix-error.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import { type InviteExchange, inviteByProof } from '../../rooms/proven-invite.ts';
import type { FederationClient } from '../transport/federation-client.ts';
import { path } from '../transport/request-target.ts';
import type { InviteGuard } from './ports.ts';
import { remoteError } from './remote-error.ts';

export interface BoundInviteParts {
  readonly rooms: RoomsParts;
  readonly guard: InviteGuard;
  /** `exchangeInvite`. */
  readonly exchange: InviteExchange;
}

/** Asks the server of whoever invited to make an invite of a proof. @throws MatrixError for whoever gave the proof */
export async function exchangeInvite(
  client: Pick<FederationClient, 'request'>,
  server: ServerName,
  roomId: string,
  body: JsonObject,
): Promise<unknown> {
  const target = path`/_matrix/federation/v1/exchange_third_party_invite/${roomId}`;
  try {
    return await client.request(server, { method: 'PUT', path: target, body });
  } catch (error) {
    throw remoteError(error) ?? error;
  }
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
  await inviteByProof(parts.rooms, { roomId: roomId as RoomId, sender, target, signed }, parts.exchange);
}
