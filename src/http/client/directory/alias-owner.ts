import type { Requester } from '../../../accounts/requester.ts';
import type { RoomAlias } from '../../../core/ids.ts';
import { MatrixError } from '../../../core/matrix-error.ts';
import type { RoomRouteParts } from '../rooms/room-route-parts.ts';

/** Aliases that an appservice keeps for itself are set and deleted by it alone. @throws MatrixError M_EXCLUSIVE */
export function checkAliasOwner(parts: Pick<RoomRouteParts, 'aliasOwner'>, user: Requester, alias: RoomAlias): void {
  const owner = parts.aliasOwner(alias);
  if (owner !== undefined && owner !== user.appservice?.id) {
    throw new MatrixError('M_EXCLUSIVE', 'An application service keeps this alias for itself.');
  }
}
