import { type Event, EventError } from '../../core/event.ts';
import { contentHashMatches } from '../../core/hashes.ts';
import { domainOf, isUserId, type ServerName, type UserId } from '../../core/ids.ts';
import { getString, type Json, type JsonObject } from '../../core/json.ts';
import { forbidden, invalidParam, MatrixError } from '../../core/matrix-error.ts';
import { type RoomVersion, roomVersion } from '../../core/room-versions.ts';
import { signEvent } from '../../core/signatures.ts';
import { requireNotBlocked } from '../../rooms/blocked-rooms.ts';
import { isResident } from '../../rooms/current-membership.ts';
import { checkInvite } from '../../rooms/invite-permission.ts';
import { storeOutOfBand } from '../../rooms/out-of-band.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import type { Room } from '../../rooms/room.ts';
import { lockRoom, roomHead } from '../../rooms/rooms.table.ts';
import { mayTakePart } from '../../rooms/server-acl.ts';
import { type CheckedEvents, readPdu } from '../events/checked-events.ts';
import type { InviteGuard, NoteVersion } from './ports.ts';
import { readToldState } from './told-state.ts';

export interface ReceiveInviteParts {
  readonly rooms: RoomsParts;
  readonly checked: CheckedEvents;
  readonly guard: InviteGuard;
  readonly noteVersion?: NoteVersion;
}

export interface ReceivedInvite {
  /** As they stand in the path. */
  readonly roomId: string;
  readonly eventId: string;
  readonly pdu: JsonObject;
  readonly roomVersion: string;
  /** `invite_room_state`. */
  readonly told: Json | undefined;
}

/**
 * Takes an invite for one of our users from another server and answers it with our signature, the rest untouched
 * (server-server API, `PUT /v2/invite`). Nothing but an invite is ever signed. Where we are in the room the invite comes
 * once more with the other events; else it is kept here, for the user to see.
 *
 * @throws MatrixError M_BAD_JSON, M_TOO_LARGE, M_INVALID_PARAM, M_FORBIDDEN, M_INCOMPATIBLE_ROOM_VERSION,
 * M_INVITE_BLOCKED, M_LIMIT_EXCEEDED
 */
export async function receiveInvite(
  { rooms, checked, guard, noteVersion }: ReceiveInviteParts,
  origin: ServerName,
  received: ReceivedInvite,
): Promise<JsonObject> {
  const { roomId, roomVersion: id } = received;
  if (roomVersion(id) === undefined) noteVersion?.(origin, { what: 'an invite', roomId, version: id });
  const version = await versionOf(rooms, received);
  const event = readInvite(received, version, origin, rooms);
  const target = event.stateKey as UserId;
  const [verdict] = await checked.verify([event], { alsoBy: origin });
  if (verdict?.outcome !== 'good') throw invalidParam(`The invite is refused: ${verdict?.reason}.`);
  const room = await roomWeAreIn(rooms, event);
  if (room !== undefined && !(await mayTakePart(rooms, rooms.db, room, origin)))
    throw forbidden("The room's server ACL does not let your server take part.");
  await guard.admit(origin, target);
  await requireNotBlocked(rooms.db, event.roomId);
  await checkInvite(rooms, rooms.db, event.sender, target);
  const pdu = signEvent(event.pdu, version, rooms.serverName, rooms.signingKey, rooms.crypto);
  const signed = readPdu(pdu, version, rooms.crypto);
  if (signed instanceof EventError) throw invalidParam(`With our signature that is no event: ${signed.reason}.`);
  if (room === undefined) await keep(rooms, signed, await readToldState(checked, received.told, event));
  return { ...received.pdu, signatures: signed.pdu.signatures };
}

/** Of other rooms what we know of their ACL may be long out of date. */
async function roomWeAreIn(rooms: RoomsParts, { roomId }: Event): Promise<Room | undefined> {
  const room = await rooms.rooms.find(rooms.db, roomId);
  return room !== undefined && (await isResident(rooms, rooms.db, room)) ? room : undefined;
}

/** @throws MatrixError M_INCOMPATIBLE_ROOM_VERSION also where we have been in the room and know better */
async function versionOf(rooms: RoomsParts, { roomId, roomVersion: id }: ReceivedInvite): Promise<RoomVersion> {
  const version = roomVersion(id);
  const room = await rooms.rooms.find(rooms.db, roomId as Event['roomId']);
  const isOther = room !== undefined && room.version.id !== id && (await isProven(rooms, room));
  if (version !== undefined && !isOther) return version;
  throw new MatrixError('M_INCOMPATIBLE_ROOM_VERSION', `This server does not know that room as one of version ${id}.`, {
    fields: { room_version: id },
  });
}

async function isProven(rooms: RoomsParts, room: Room): Promise<boolean> {
  return (await roomHead(rooms.db, room.nid)).create_nid !== null;
}

/** @throws MatrixError M_BAD_JSON, M_TOO_LARGE, M_INVALID_PARAM */
function readInvite(
  { roomId, eventId, pdu }: ReceivedInvite,
  version: RoomVersion,
  origin: ServerName,
  { crypto, serverName }: RoomsParts,
): Event {
  const event = readPdu(pdu, version, crypto);
  if (event instanceof EventError) throw new MatrixError(event.errcode, `That is no event: ${event.reason}.`);
  if (event.roomId !== roomId) throw invalidParam('The event is of another room than the path says.');
  if (event.id !== eventId) throw invalidParam('The event has another ID than the path says.');
  const isInvite = event.type === 'm.room.member' && getString(event.content, 'membership') === 'invite';
  if (!isInvite) throw invalidParam('The event is no invite.');
  if (event.stateKey === undefined || !isUserId(event.stateKey) || domainOf(event.stateKey) !== serverName)
    throw invalidParam('The invited user is none of this server.');
  if (domainOf(event.sender) !== origin)
    throw invalidParam('The sender of the invite is no user of your server.', { status: 403 });
  if (!contentHashMatches(event.pdu, version, crypto)) throw invalidParam('The content hash of the event is wrong.');
  return event;
}

async function keep(rooms: RoomsParts, invite: Event, told: readonly JsonObject[]): Promise<void> {
  await rooms.db.tx(async tx => {
    const room = await rooms.rooms.findOrCreate(tx, invite.roomId, invite.version);
    // Another process may be coming into the room.
    await lockRoom(tx, room.nid);
    if (await isResident(rooms, tx, room)) return;
    await storeOutOfBand(rooms, tx, room, invite, told);
  });
}
