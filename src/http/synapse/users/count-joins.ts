import type { Users } from '../../../accounts/users.ts';
import { joinsSince } from '../../../rooms/memberships.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { endpoint } from '../../endpoint.ts';
import { localUser } from '../local-user.ts';
import { requiredTime } from '../required-time.ts';

/** Synapse admin API, "Get the cumulative number of rooms a user has joined after a given timestamp". */
export const countJoins = ({ users, rooms }: { readonly users: Users; readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/users/:userId/cumulative_joined_room_count',
    auth: 'admin',
    async handle({ params, query }) {
      const { userNid } = await localUser(users, params.userId);
      return { cumulative_joined_room_count: await joinsSince(rooms.db, userNid, requiredTime(query, 'from_ts')) };
    },
  });
