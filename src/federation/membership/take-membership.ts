import { type Event, EventError } from '../../core/event.ts';
import { contentHashMatches } from '../../core/hashes.ts';
import { domainOf, parseUserId, type ServerName, type UserId } from '../../core/ids.ts';
import { getString, type JsonObject } from '../../core/json.ts';
import { forbidden, invalidParam, MatrixError } from '../../core/matrix-error.ts';
import type { RoomVersion } from '../../core/room-versions.ts';
import { signEvent } from '../../core/signatures.ts';
import type { Tx } from '../../db/database.ts';
import { currentMembership } from '../../rooms/current-membership.ts';
import { ingest } from '../../rooms/ingest.ts';
import type { OwnMembership } from '../../rooms/membership-template.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import { authoriserOf } from '../../rooms/restricted-join.ts';
import { OUTLIER, REJECTED, type Room, SOFT_FAILED, type StoredEvent } from '../../rooms/room.ts';
import { serversIn } from '../../rooms/room-domains.table.ts';
import { writeRoom } from '../../rooms/write-room.ts';
import { type CheckedEvents, readPdu } from '../events/checked-events.ts';
import { recommended } from '../policy/recommended.ts';
import { roomWithMembers } from './resident-room.ts';

export interface ResidentParts {
  readonly rooms: RoomsParts;
  readonly checked: CheckedEvents;
}

export interface SentMembership {
  /** As they stand in the path. */
  readonly roomId: string;
  readonly eventId: string;
  readonly pdu: JsonObject;
  readonly membership: OwnMembership;
}

export interface TakenMembership {
  readonly room: Room;
  readonly stored: StoredEvent;
  /** The servers that were in the room before. */
  readonly servers: readonly ServerName[];
}

/**
 * Takes in what another server signed after `make_join`, `make_leave` or `make_knock`, and passes it on to the servers of
 * the room (server-server API, `PUT /v2/send_join` and its like). What is refused leaves nothing behind.
 *
 * @throws MatrixError M_BAD_JSON, M_TOO_LARGE, M_INVALID_PARAM, M_FORBIDDEN, M_NOT_FOUND, M_UNABLE_TO_AUTHORISE_JOIN,
 * M_UNABLE_TO_GRANT_JOIN
 */
export async function takeMembership(
  { rooms, checked }: ResidentParts,
  origin: ServerName,
  sent: SentMembership,
): Promise<TakenMembership> {
  const room = await roomWithMembers(rooms, origin, sent.roomId);
  const event = readMembership(sent, room.version, origin, rooms);
  const whole = vouchesForIt(rooms, event) ? await coSigned(rooms, room, event) : event;
  const [verdict] = await checked.verify([whole]);
  if (verdict?.outcome !== 'good') throw badSignature(verdict?.reason ?? '');
  const { event: heard, unwanted } = await recommended(rooms, room, whole, { isLast: true });
  return writeRoom(rooms, room, async tx => {
    await requirePlace(rooms, tx, room, heard);
    const servers = await serversBefore(rooms, tx, room);
    const { outcome, stored, reason } = await ingest(rooms, tx, room, heard, { distribute: true, unwanted });
    const isIn = outcome === 'accepted' || (outcome === 'known' && (stored.flags & (REJECTED | SOFT_FAILED)) === 0);
    // The transaction is undone by this error, so that nothing refused is left behind.
    if (!isIn) throw forbidden(`This room's rules do not allow it: ${reason ?? 'it was refused before'}.`);
    return { room, stored, servers };
  });
}

/** @throws MatrixError M_BAD_JSON, M_TOO_LARGE, M_INVALID_PARAM */
function readMembership(
  { roomId, eventId, pdu, membership }: SentMembership,
  version: RoomVersion,
  origin: ServerName,
  { crypto }: RoomsParts,
): Event {
  const event = readPdu(pdu, version, crypto);
  if (event instanceof EventError) throw new MatrixError(event.errcode, `That is no event: ${event.reason}.`);
  if (event.roomId !== roomId) throw invalidParam('The event is of another room than the path says.');
  if (event.id !== eventId) throw invalidParam('The event has another ID than the path says.');
  if (event.type !== 'm.room.member') throw invalidParam('The event is no membership.');
  if (getString(event.content, 'membership') !== membership)
    throw invalidParam(`The membership of the event is not ${membership}.`);
  if (event.stateKey !== event.sender) throw invalidParam('The state_key of the event is not its sender.');
  if (domainOf(event.sender) !== origin)
    throw invalidParam('The sender of the event is no user of your server.', { status: 403 });
  if (!contentHashMatches(event.pdu, version, crypto)) throw invalidParam('The content hash of the event is wrong.');
  return event;
}

function badSignature(reason: string): MatrixError {
  return invalidParam(`The event cannot be taken in: ${reason}.`, { status: 403 });
}

/** Whether the event names one of our users as the one who lets the joining user in. */
function vouchesForIt(rooms: RoomsParts, event: Event): boolean {
  if (!event.version.restrictedJoins || getString(event.content, 'membership') !== 'join') return false;
  const authoriser = getString(event.content, 'join_authorised_via_users_server') ?? '';
  return parseUserId(authoriser)?.domain === rooms.serverName;
}

/**
 * Our signature says that the joining user is in one of the rooms whose members may join, which nobody else can check;
 * whether our user may invite is checked with the other rules.
 */
async function coSigned(rooms: RoomsParts, room: Room, event: Event): Promise<Event> {
  const current = await currentMembership(rooms, rooms.db, room, event.stateKey as UserId);
  const isExpected = current?.membership === 'invite' || current?.membership === 'join';
  if (!isExpected) await authoriserOf(rooms, rooms.db, room, event.sender);
  const pdu = signEvent(event.pdu, room.version, rooms.serverName, rooms.signingKey, rooms.crypto);
  const signed = readPdu(pdu, room.version, rooms.crypto);
  if (signed instanceof EventError) throw invalidParam(`With our signature that is no event: ${signed.reason}.`);
  return signed;
}

/** An event built on our template has no unknown prev_events; one that was not would bring holes into the room. */
async function requirePlace(rooms: RoomsParts, tx: Tx, room: Room, event: Event): Promise<void> {
  const known = await rooms.events.byIds(tx, event.prevIds);
  const placed = [...known.values()].filter(stored => stored.roomNid === room.nid && (stored.flags & OUTLIER) === 0);
  if (placed.length < new Set(event.prevIds).size || placed.length === 0)
    throw invalidParam('The prev_events of the event are not known here; ask for a template again.');
}

async function serversBefore(rooms: RoomsParts, tx: Tx, room: Room): Promise<ServerName[]> {
  const names = await rooms.nids.domains.names(tx, await serversIn(tx, room.nid));
  return [...names.values()] as ServerName[];
}
