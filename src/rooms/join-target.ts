import { isRoomId, type RoomId } from '../core/ids.ts';
import { invalidParam, type MatrixError, notFound } from '../core/matrix-error.ts';
import { resolveAlias } from './aliases.ts';
import type { RoomsParts } from './parts.ts';
import type { RemoteDirectory } from './ports.ts';
import type { Room } from './room.ts';

/** A room that we know, by ID or alias. @throws MatrixError M_NOT_FOUND, M_INVALID_PARAM for a malformed alias */
export async function roomNamed(parts: RoomsParts, roomIdOrAlias: string): Promise<Room> {
  const { roomId } = await joinTarget(parts, roomIdOrAlias, [], undefined);
  const room = await parts.rooms.find(parts.db, roomId);
  if (room === undefined) throw unreachable();
  return room;
}

/** A room that somebody wants to get into, and servers that may be in it. */
export interface JoinTarget {
  readonly roomId: RoomId;
  readonly via: readonly string[];
}

/**
 * The room that is meant, by ID or alias; `via` as the client gave it.
 *
 * @throws MatrixError M_NOT_FOUND for an alias that nobody knows and an ID that no room has, M_INVALID_PARAM for what is neither
 */
export async function joinTarget(
  parts: RoomsParts,
  roomIdOrAlias: string,
  via: readonly string[],
  remote: RemoteDirectory | undefined,
): Promise<JoinTarget> {
  if (roomIdOrAlias.startsWith('#')) {
    const { roomId, servers } = await resolveAlias(parts, roomIdOrAlias, remote);
    return { roomId, via: [...via, ...servers] };
  }
  if (!roomIdOrAlias.startsWith('!')) throw invalidParam('That is neither a room ID nor an alias.');
  if (!isRoomId(roomIdOrAlias)) throw unreachable();
  return { roomId: roomIdOrAlias, via };
}

function unreachable(): MatrixError {
  return notFound('No room of that name can be reached from this server.');
}
