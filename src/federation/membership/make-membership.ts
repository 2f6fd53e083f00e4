import { domainOf, isUserId, type ServerName } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import { forbidden, MatrixError } from '../../core/matrix-error.ts';
import { membershipTemplate, type OwnMembership } from '../../rooms/membership-template.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import { roomWithMembers } from './resident-room.ts';

export interface TemplateRequest {
  readonly roomId: string;
  readonly userId: string;
  readonly membership: OwnMembership;
  /** The room versions that the other server knows; undefined where it is not asked. */
  readonly versions: readonly string[] | undefined;
}

/**
 * Answers `make_join`, `make_leave` and `make_knock` as a server that is in the room.
 *
 * @throws MatrixError M_FORBIDDEN, M_NOT_FOUND, M_INCOMPATIBLE_ROOM_VERSION, M_UNABLE_TO_AUTHORISE_JOIN,
 * M_UNABLE_TO_GRANT_JOIN
 */
export async function makeMembership(
  rooms: RoomsParts,
  origin: ServerName,
  { roomId, userId, membership, versions }: TemplateRequest,
): Promise<JsonObject> {
  if (!isUserId(userId) || domainOf(userId) !== origin) throw forbidden('That is no user of your server.');
  const room = await roomWithMembers(rooms, origin, roomId);
  const { id } = room.version;
  if (versions !== undefined && !versions.includes(id))
    throw new MatrixError('M_INCOMPATIBLE_ROOM_VERSION', `The room is of version ${id}.`, {
      fields: { room_version: id },
    });
  return { room_version: id, event: await membershipTemplate(rooms, room, userId, membership) };
}
