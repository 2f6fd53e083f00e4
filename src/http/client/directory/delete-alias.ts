import { checkedAlias, deleteAlias as remove } from '../../../rooms/aliases.ts';
import { endpoint } from '../../endpoint.ts';
import { refuseSuspended } from '../../refuse-suspended.ts';
import type { RoomRouteParts } from '../rooms/room-route-parts.ts';
import { checkAliasOwner } from './alias-owner.ts';

/** deleteRoomAlias: takes an alias of this server away. */
export const deleteAlias = (parts: Pick<RoomRouteParts, 'rooms' | 'aliasOwner'>) =>
  endpoint({
    method: 'DELETE',
    path: '/_matrix/client/v3/directory/room/:roomAlias',
    auth: 'user',
    limit: 'other',
    async handle({ user, params }) {
      refuseSuspended(user);
      checkAliasOwner(parts, user, checkedAlias(params.roomAlias));
      await remove(parts.rooms, user, params.roomAlias);
      return {};
    },
  });
