import type { EventId, RoomId, UserId } from '../core/ids.ts';
import { forbidden } from '../core/matrix-error.ts';
import { lacksMembers, untilWhole } from './incomplete-rooms.ts';
import { getMember, joinedOfDomain } from './members.table.ts';
import type { RoomsParts } from './parts.ts';
import { MEMBERSHIPS, type Room } from './room.ts';
import { roomHead } from './rooms.table.ts';
import { type ReadableState, readableState, type Viewer } from './visibility.ts';

/** A room with what one viewer may read of it. */
export interface ReadableRoom {
  readonly room: Room;
  readonly readable: ReadableState;
}

/** One answer for rooms that do not exist and rooms that are closed: nobody learns which it is. */
function closed(): Error {
  return forbidden('You are not in this room, or it does not exist.');
}

/**
 * A room that the viewer is or was in, or that is world readable.
 *
 * @throws MatrixError M_FORBIDDEN also for rooms that this server does not know
 */
export async function readableRoom(parts: RoomsParts, roomId: string, viewer: Viewer): Promise<ReadableRoom> {
  const room = await parts.rooms.find(parts.db, roomId as RoomId);
  const readable = room === undefined ? undefined : await readableState(parts, parts.db, room, viewer);
  if (room === undefined || readable === undefined) throw closed();
  return { room, readable };
}

/** The same, once its members are all known. @throws as `readableRoom` and `untilWhole` */
export async function readableWithMembers(
  parts: RoomsParts,
  roomId: string,
  viewer: Viewer,
  signal: AbortSignal,
): Promise<ReadableRoom> {
  const found = await readableRoom(parts, roomId, viewer);
  if (!(await lacksMembers(parts.db, found.room))) return found;
  await untilWhole(parts, found.room, signal);
  return readableRoom(parts, roomId, viewer);
}

/** A room that the user is in now. @throws MatrixError M_FORBIDDEN */
export async function joinedRoom(parts: RoomsParts, roomId: string, viewer: Viewer): Promise<Room> {
  const room = await parts.rooms.find(parts.db, roomId as RoomId);
  const row = room === undefined ? undefined : await getMember(parts.db, room.nid, viewer.userNid);
  if (room === undefined || row?.membership !== MEMBERSHIPS.join) throw closed();
  return room;
}

/** A room that one of some users of this server is in now. @throws MatrixError M_FORBIDDEN */
export async function roomWithAnyOf(
  parts: RoomsParts,
  roomId: string,
  isOne: (userId: UserId) => boolean,
): Promise<Room> {
  const { db, rooms, nids, serverName } = parts;
  const room = await rooms.find(db, roomId as RoomId);
  const domainNid = await nids.domains.findOne(db, serverName);
  if (room === undefined || domainNid === undefined) throw closed();
  const joined = await joinedOfDomain(db, room.nid, domainNid);
  const names = await nids.users.names(
    db,
    joined.map(row => row.user_nid),
  );
  if (![...names.values()].some(isOne)) throw closed();
  return room;
}

/** A room that is known, whoever asks: what may be done in it is decided by its rules. @throws MatrixError M_FORBIDDEN */
export async function knownRoom(parts: RoomsParts, roomId: string): Promise<Room> {
  const room = await parts.rooms.find(parts.db, roomId as RoomId);
  if (room === undefined) throw closed();
  return room;
}

/** The room that an event is in; undefined for events that this server does not know. */
export async function roomOfEvent(parts: RoomsParts, eventId: string): Promise<Room | undefined> {
  const stored = await parts.events.byId(parts.db, eventId as EventId);
  return stored && (await parts.rooms.byNids(parts.db, [stored.roomNid])).get(stored.roomNid);
}

/** A room with everything in it, for an administrator. @throws MatrixError M_NOT_FOUND */
export async function wholeRoom(parts: RoomsParts, roomId: string): Promise<ReadableRoom> {
  const room = await parts.rooms.get(parts.db, roomId as RoomId);
  const { state_root: root } = await roomHead(parts.db, room.nid);
  return { room, readable: { root, upTo: Number.MAX_SAFE_INTEGER, membership: undefined } };
}
