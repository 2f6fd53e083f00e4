import type { Requester } from '../../../accounts/requester.ts';
import type { RoomAlias } from '../../../core/ids.ts';
import { MatrixError } from '../../../core/matrix-error.ts';
import type { RoomRouteParts } from '../rooms/room-route-parts.ts';

type Parts = Pick<RoomRouteParts, 'aliasOwner' | 'ownsAlias'>;

/** Aliases that an appservice keeps for itself are set and deleted by it alone. @throws MatrixError M_EXCLUSIVE */
export function checkAliasOwner(parts: Pick<Parts, 'aliasOwner'>, user: Requester, alias: RoomAlias): void {
  const owner = parts.aliasOwner(alias);
  if (owner !== undefined && owner !== user.appservice?.id) {
    throw new MatrixError('M_EXCLUSIVE', 'An application service keeps this alias for itself.');
  }
}

/**
 * Whether somebody may make an alias: an application service makes those of its own namespaces only (application service
 * API, "Server admin style permissions"). @throws MatrixError M_EXCLUSIVE
 */
export function checkNewAlias(parts: Parts, user: Requester, alias: RoomAlias): void {
  checkAliasOwner(parts, user, alias);
  if (user.appservice !== undefined && !parts.ownsAlias(user.appservice.id, alias))
    throw new MatrixError('M_EXCLUSIVE', 'The alias is in none of the namespaces of the application service.');
}
