import type { Users } from '../../../accounts/users.ts';
import { Type } from '../../../base/schema.ts';
import type { UserId } from '../../../core/ids.ts';
import { joinFor } from '../../../rooms/join-for.ts';
import { joinTarget } from '../../../rooms/join-target.ts';
import type { MemberProfile } from '../../../rooms/member-content.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import type { RemoteDirectory } from '../../../rooms/ports.ts';
import { viaIn } from '../../client/rooms/via-in.ts';
import { endpoint } from '../../endpoint.ts';
import { localUser } from '../local-user.ts';

export interface JoinUserParts {
  readonly rooms: RoomsParts;
  readonly users: Users;
  readonly profileFor: (userId: UserId) => Promise<MemberProfile>;
  readonly remote?: RemoteDirectory | undefined;
}

/** Synapse admin API, "Edit Room Membership API", with `server_name` for rooms of other servers. */
export const joinUserToRoom = ({ rooms, users, profileFor, remote }: JoinUserParts) =>
  endpoint({
    method: 'POST',
    path: '/_synapse/admin/v1/join/:roomId',
    auth: 'admin',
    body: Type.Object({ user_id: Type.String() }),
    async handle({ user: by, params, query, body }) {
      const { userId } = await localUser(users, body.user_id);
      const target = await joinTarget(rooms, params.roomId, viaIn(query), remote);
      await joinFor(rooms, target, { userId, profile: await profileFor(userId) }, by.userId);
      return { room_id: target.roomId };
    },
  });
