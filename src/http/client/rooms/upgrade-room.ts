import { Type } from '../../../base/schema.ts';
import { joinedRoom } from '../../../rooms/room-access.ts';
import { upgradeRoom as upgrade } from '../../../rooms/upgrade.ts';
import { endpoint } from '../../endpoint.ts';
import { refuseGuest } from '../../refuse-guest.ts';
import { refuseSuspended } from '../../refuse-suspended.ts';
import type { RoomRouteParts } from './room-route-parts.ts';

const Body = Type.Object({
  new_version: Type.String(),
  additional_creators: Type.Optional(Type.Array(Type.String())),
});

/** upgradeRoom: replaces a room by one of another version. */
export const upgradeRoom = ({ rooms, profileFor }: Pick<RoomRouteParts, 'rooms' | 'profileFor'>) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/rooms/:roomId/upgrade',
    auth: 'user',
    limit: 'create_room',
    body: Body,
    async handle({ user, params, body }) {
      refuseSuspended(user);
      refuseGuest(user);
      const room = await joinedRoom(rooms, params.roomId, user);
      const replacement = await upgrade(rooms, room, {
        user: user.userId,
        profile: await profileFor(user.userId),
        version: body.new_version,
        additionalCreators: body.additional_creators ?? [],
      });
      return { replacement_room: replacement };
    },
  });
