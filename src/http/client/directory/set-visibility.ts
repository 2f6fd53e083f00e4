import { Type } from '../../../base/schema.ts';
import type { RoomId } from '../../../core/ids.ts';
import { setRoomPublic } from '../../../rooms/directory.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { endpoint } from '../../endpoint.ts';
import { refuseSuspended } from '../../refuse-suspended.ts';

/** setRoomVisibilityOnDirectory: lists a room or takes it out of the list. */
export const setVisibility = ({ rooms }: { readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/client/v3/directory/list/room/:roomId',
    auth: 'user',
    limit: 'other',
    body: Type.Object({ visibility: Type.Optional(Type.Enum(['public', 'private'])) }),
    async handle({ user, params, body }) {
      refuseSuspended(user);
      const room = await rooms.rooms.get(rooms.db, params.roomId as RoomId);
      await setRoomPublic(rooms, user, room, (body.visibility ?? 'public') === 'public');
      return {};
    },
  });
