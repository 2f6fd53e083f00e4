import type { JsonObject } from '../../../core/json.ts';
import { untilWhole } from '../../../rooms/incomplete-rooms.ts';
import { joinedMembers } from '../../../rooms/member-list.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import type { Room } from '../../../rooms/room.ts';
import { joinedRoom } from '../../../rooms/room-access.ts';
import { endpoint } from '../../endpoint.ts';
import { streamObject } from '../../json-stream.ts';

/** getJoinedMembersByRoom: who is in a room now, with name and picture; for those who are in it. */
export const getJoinedMembers = ({ rooms }: { readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/rooms/:roomId/joined_members',
    auth: 'user',
    async handle({ user, params, signal }) {
      const room = await joinedRoom(rooms, params.roomId, user);
      await untilWhole(rooms, room, signal);
      return streamObject('joined', entries(rooms, room));
    },
  });

/** Both keys are always there, null where there is nothing: clients look for them. */
async function* entries(rooms: RoomsParts, room: Room): AsyncIterableIterator<readonly [string, JsonObject]> {
  for await (const { userId, displayName, avatarUrl } of joinedMembers(rooms, rooms.db, room)) {
    yield [userId, { display_name: displayName, avatar_url: avatarUrl }];
  }
}
