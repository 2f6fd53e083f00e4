import { isRoomId, type ServerName } from '../../core/ids.ts';
import { forbidden, notFound } from '../../core/matrix-error.ts';
import { isResident } from '../../rooms/current-membership.ts';
import { lacksMembers } from '../../rooms/incomplete-rooms.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import type { Room } from '../../rooms/room.ts';
import { mayTakePart } from '../../rooms/server-acl.ts';

/**
 * A room into or out of which another server wants to bring a user through us: we must be in it, and its ACL must let
 * that server in. @throws MatrixError M_NOT_FOUND, M_FORBIDDEN
 */
export async function residentRoom(rooms: RoomsParts, origin: ServerName, roomId: string): Promise<Room> {
  const room = isRoomId(roomId) ? await rooms.rooms.find(rooms.db, roomId) : undefined;
  if (room === undefined || !(await isResident(rooms, rooms.db, room)))
    throw notFound('This server is not in that room.');
  if (!(await mayTakePart(rooms, rooms.db, room, origin)))
    throw forbidden("The room's server ACL does not let your server take part.");
  return room;
}

/** The same, and we must know all of its members: without them we cannot tell who may do what. @throws as `residentRoom` */
export async function roomWithMembers(rooms: RoomsParts, origin: ServerName, roomId: string): Promise<Room> {
  const room = await residentRoom(rooms, origin, roomId);
  if (await lacksMembers(rooms.db, room)) throw notFound('This server is just coming into that room.');
  return room;
}
