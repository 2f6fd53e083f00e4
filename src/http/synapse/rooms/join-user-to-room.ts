import type { Users } from '../../../accounts/users.ts';
import { Type } from '../../../base/schema.ts';
import type { UserId } from '../../../core/ids.ts';
import { joinFor } from '../../../rooms/join-for.ts';
import { roomNamed } from '../../../rooms/join-target.ts';
import type { MemberProfile } from '../../../rooms/member-content.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { endpoint } from '../../endpoint.ts';
import { localUser } from '../local-user.ts';

export interface JoinUserParts {
  readonly rooms: RoomsParts;
  readonly users: Users;
  readonly profileFor: (userId: UserId) => Promise<MemberProfile>;
}

/** Synapse admin API, "Edit Room Membership API". */
export const joinUserToRoom = ({ rooms, users, profileFor }: JoinUserParts) =>
  endpoint({
    method: 'POST',
    path: '/_synapse/admin/v1/join/:roomId',
    auth: 'admin',
    body: Type.Object({ user_id: Type.String() }),
    async handle({ user: by, params, body }) {
      const { userId } = await localUser(users, body.user_id);
      const room = await roomNamed(rooms, params.roomId);
      await joinFor(rooms, room, { userId, profile: await profileFor(userId) }, by.userId);
      return { room_id: room.roomId };
    },
  });
