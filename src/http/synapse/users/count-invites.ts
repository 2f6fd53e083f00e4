import type { Users } from '../../../accounts/users.ts';
import { invitesSince } from '../../../rooms/memberships.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { endpoint } from '../../endpoint.ts';
import { localUser } from '../local-user.ts';
import { requiredTime } from '../required-time.ts';

/** Synapse admin API, "Get the number of invites sent by the user". */
export const countInvites = ({ users, rooms }: { readonly users: Users; readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/users/:userId/sent_invite_count',
    auth: 'admin',
    async handle({ params, query }) {
      const { userNid } = await localUser(users, params.userId);
      return { invite_count: await invitesSince(rooms.db, userNid, requiredTime(query, 'from_ts')) };
    },
  });
