import type { ServerName } from '../../core/ids.ts';
import { forbidden } from '../../core/matrix-error.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import type { Room } from '../../rooms/room.ts';
import { isServerIn } from '../../rooms/room-domains.table.ts';
import { residentRoom } from '../membership/resident-room.ts';

/**
 * A room whose events another server asks for: we must be in it, and so must that server, which the room's ACL must let
 * take part. @throws MatrixError M_NOT_FOUND, M_FORBIDDEN
 */
export async function askedRoom(rooms: RoomsParts, origin: ServerName, roomId: string): Promise<Room> {
  const room = await residentRoom(rooms, origin, roomId);
  const domainNid = await rooms.nids.domains.findOne(rooms.db, origin);
  if (domainNid === undefined || !(await isServerIn(rooms.db, room.nid, domainNid)))
    throw forbidden('Your server is not in that room.');
  return room;
}
