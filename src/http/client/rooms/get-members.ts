import { memberEvents } from '../../../rooms/member-list.ts';
import { MEMBERSHIPS, type Membership } from '../../../rooms/room.ts';
import { readableWithMembers } from '../../../rooms/room-access.ts';
import { endpoint } from '../../endpoint.ts';
import { streamMember } from '../../json-stream.ts';
import type { Query } from '../../query.ts';
import type { RoomRouteParts } from './room-route-parts.ts';
import { viewOf } from './view-of.ts';

/** getMembersByRoom: the membership events of a room. */
export const getMembers = (parts: Pick<RoomRouteParts, 'rooms' | 'ignoredUsers'>) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/rooms/:roomId/members',
    auth: 'user',
    async handle({ user, params, query, signal }) {
      const view = await viewOf(parts, user);
      const room = await readableWithMembers(parts.rooms, params.roomId, view, signal);
      const events = await memberEvents(parts.rooms, parts.rooms.db, room, view, {
        at: query.get('at'),
        membership: membership(query, 'membership'),
        notMembership: membership(query, 'not_membership'),
      });
      return streamMember({}, 'chunk', events);
    },
  });

function membership(query: Query, name: string): Membership | undefined {
  if (query.get(name) === undefined) return undefined;
  return query.choice(name, Object.keys(MEMBERSHIPS) as Membership[], 'join');
}
