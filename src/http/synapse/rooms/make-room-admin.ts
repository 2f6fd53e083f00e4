import { Type } from '../../../base/schema.ts';
import { isUserId } from '../../../core/ids.ts';
import { invalidParam } from '../../../core/matrix-error.ts';
import { roomNamed } from '../../../rooms/join-target.ts';
import { makeRoomAdmin as makeAdmin } from '../../../rooms/make-room-admin.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { endpoint } from '../../endpoint.ts';

/** Synapse admin API, "Make Room Admin API": the requester, unless another user is named. */
export const makeRoomAdmin = ({ rooms }: { readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'POST',
    path: '/_synapse/admin/v1/rooms/:roomId/make_room_admin',
    auth: 'admin',
    body: Type.Object({ user_id: Type.Optional(Type.String()) }),
    async handle({ user, params, body }) {
      const target = body.user_id ?? user.userId;
      if (!isUserId(target)) throw invalidParam('user_id is not a user ID.');
      await makeAdmin(rooms, await roomNamed(rooms, params.roomId), target);
      return {};
    },
  });
