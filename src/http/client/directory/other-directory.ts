import type { Requester } from '../../../accounts/requester.ts';
import { isServerName } from '../../../core/ids.ts';
import type { JsonObject } from '../../../core/json.ts';
import { invalidParam, MatrixError, notFound } from '../../../core/matrix-error.ts';
import type { RoomRouteParts } from '../rooms/room-route-parts.ts';

/**
 * The answer of the server that the client named, or undefined when that is this one.
 *
 * @throws MatrixError M_INVALID_PARAM, M_MISSING_TOKEN for strangers, M_NOT_FOUND when other servers cannot be asked
 */
export async function otherDirectory(
  { rooms, remote }: Pick<RoomRouteParts, 'rooms' | 'remote'>,
  { server, user }: { readonly server: string | undefined; readonly user: Requester | undefined },
  body: JsonObject,
): Promise<JsonObject | undefined> {
  if (server === undefined || server === rooms.serverName) return undefined;
  if (!isServerName(server)) throw invalidParam('server is not a server name.');
  if (user === undefined) throw new MatrixError('M_MISSING_TOKEN', 'Only users have this server ask others.');
  if (remote === undefined) throw notFound('This server does not ask others.');
  return remote.publicRooms(server, body);
}
