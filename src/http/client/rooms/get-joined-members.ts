import type { Requester } from '../../../accounts/requester.ts';
import type { JsonObject } from '../../../core/json.ts';
import { untilWhole } from '../../../rooms/incomplete-rooms.ts';
import { joinedMembers } from '../../../rooms/member-list.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import type { Room } from '../../../rooms/room.ts';
import { joinedRoom, roomWithAnyOf } from '../../../rooms/room-access.ts';
import { endpoint } from '../../endpoint.ts';
import { streamObject } from '../../json-stream.ts';
import type { RoomRouteParts } from './room-route-parts.ts';

type Parts = Pick<RoomRouteParts, 'rooms' | 'appserviceOwns'>;

/**
 * getJoinedMembersByRoom: who is in a room now, with name and picture; for those who are in it, and for an appservice
 * of which any user is.
 */
export const getJoinedMembers = (parts: Parts) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/rooms/:roomId/joined_members',
    auth: 'user',
    async handle({ user, params, signal }) {
      const { rooms } = parts;
      const room = await roomOf(parts, params.roomId, user);
      await untilWhole(rooms, room, signal);
      return streamObject('joined', entries(rooms, room));
    },
  });

function roomOf({ rooms, appserviceOwns }: Parts, roomId: string, user: Requester): Promise<Room> {
  const { appservice } = user;
  if (appservice === undefined) return joinedRoom(rooms, roomId, user);
  return roomWithAnyOf(rooms, roomId, userId => appserviceOwns(appservice.id, userId));
}

/** Both keys are always there, null where there is nothing: clients look for them. */
async function* entries(rooms: RoomsParts, room: Room): AsyncIterableIterator<readonly [string, JsonObject]> {
  for await (const { userId, displayName, avatarUrl } of joinedMembers(rooms, rooms.db, room)) {
    yield [userId, { display_name: displayName, avatar_url: avatarUrl }];
  }
}
