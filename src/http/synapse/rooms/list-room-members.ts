import type { RoomId } from '../../../core/ids.ts';
import { joinedMembers } from '../../../rooms/member-list.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import type { Room } from '../../../rooms/room.ts';
import { joinedCount } from '../../../rooms/room-list.ts';
import { endpoint } from '../../endpoint.ts';
import { streamMember } from '../../json-stream.ts';

/** Synapse admin API, "Room Members API": who is joined. */
export const listRoomMembers = ({ rooms }: { readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/rooms/:roomId/members',
    auth: 'admin',
    async handle({ params }) {
      const room = await rooms.rooms.get(rooms.db, params.roomId as RoomId);
      return streamMember({ total: await joinedCount(rooms.db, room) }, 'members', userIds(rooms, room));
    },
  });

async function* userIds(rooms: RoomsParts, room: Room): AsyncIterableIterator<string> {
  for await (const { userId } of joinedMembers(rooms, rooms.db, room)) yield userId;
}
