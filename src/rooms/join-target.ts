import type { RoomId } from '../core/ids.ts';
import { notFound } from '../core/matrix-error.ts';
import { resolveAlias } from './aliases.ts';
import type { RoomsParts } from './parts.ts';
import type { RemoteDirectory } from './ports.ts';
import type { Room } from './room.ts';

/**
 * The room that somebody wants to get into, by ID or alias.
 *
 * @throws MatrixError M_NOT_FOUND when this server is in no such room, M_INVALID_PARAM for a malformed alias
 */
export async function joinTarget(
  parts: RoomsParts,
  roomIdOrAlias: string,
  remote: RemoteDirectory | undefined,
): Promise<Room> {
  const roomId = roomIdOrAlias.startsWith('#')
    ? (await resolveAlias(parts, roomIdOrAlias, remote)).roomId
    : (roomIdOrAlias as RoomId);
  const room = await parts.rooms.find(parts.db, roomId);
  if (room === undefined) throw notFound('No room of that name can be reached from this server.');
  return room;
}
