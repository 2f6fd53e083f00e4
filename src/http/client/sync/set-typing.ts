import { Type } from '../../../base/schema.ts';
import type { RoomId } from '../../../core/ids.ts';
import { forbidden } from '../../../core/matrix-error.ts';
import { currentMembership } from '../../../rooms/current-membership.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import type { Typing } from '../../../sync/typing.ts';
import { endpoint } from '../../endpoint.ts';

const DEFAULT_TIMEOUT_MS = 30_000;

/** Client-server API, "Typing Notifications". */
export const setTyping = (parts: { readonly rooms: RoomsParts; readonly typing: Typing }) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/client/v3/rooms/:roomId/typing/:userId',
    auth: 'user',
    role: 'client',
    limit: 'other',
    body: Type.Object({ typing: Type.Boolean(), timeout: Type.Optional(Type.Integer({ minimum: 0 })) }),
    async handle({ params, user, body }) {
      if (params.userId !== user.userId) throw forbidden('You cannot say that somebody else types.');
      const room = await parts.rooms.rooms.find(parts.rooms.db, params.roomId as RoomId);
      const own =
        room === undefined ? undefined : await currentMembership(parts.rooms, parts.rooms.db, room, user.userId);
      if (room === undefined || own?.membership !== 'join') throw forbidden('You are not in this room.');
      if (body.typing) parts.typing.set(room.nid, user.userId, body.timeout ?? DEFAULT_TIMEOUT_MS);
      else parts.typing.stop(room.nid, user.userId);
      return {};
    },
  });
