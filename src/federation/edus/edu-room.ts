import type { RoomId, ServerName } from '../../core/ids.ts';
import { isResident } from '../../rooms/current-membership.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import type { Room } from '../../rooms/room.ts';
import { mayTakePart } from '../../rooms/server-acl.ts';

/** The room that a server may tell us of: we are in it, and its ACL lets the server take part. */
export async function eduRoom(parts: RoomsParts, origin: ServerName, roomId: string): Promise<Room | undefined> {
  const room = await parts.rooms.find(parts.db, roomId as RoomId);
  if (room === undefined || !(await isResident(parts, parts.db, room))) return undefined;
  return (await mayTakePart(parts, parts.db, room, origin)) ? room : undefined;
}
