import { Type } from '../../../base/schema.ts';
import { checkedAlias, setAlias as set } from '../../../rooms/aliases.ts';
import { joinedRoom } from '../../../rooms/room-access.ts';
import { endpoint } from '../../endpoint.ts';
import { refuseGuest } from '../../refuse-guest.ts';
import { refuseSuspended } from '../../refuse-suspended.ts';
import type { RoomRouteParts } from '../rooms/room-route-parts.ts';
import { checkNewAlias } from './alias-owner.ts';

/** setRoomAlias: gives a room that the user is in an alias of this server. */
export const setAlias = (parts: Pick<RoomRouteParts, 'rooms' | 'aliasOwner' | 'ownsAlias'>) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/client/v3/directory/room/:roomAlias',
    auth: 'user',
    limit: 'other',
    body: Type.Object({ room_id: Type.String() }),
    async handle({ user, params, body }) {
      refuseSuspended(user);
      refuseGuest(user);
      checkNewAlias(parts, user, checkedAlias(params.roomAlias));
      const room = await joinedRoom(parts.rooms, body.room_id, user);
      await set(parts.rooms, user, params.roomAlias, room);
      return {};
    },
  });
