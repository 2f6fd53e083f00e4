import { forbidden } from '../../../core/matrix-error.ts';
import { aliasesOfRoom } from '../../../rooms/aliases.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { readableRoom, wholeRoom } from '../../../rooms/room-access.ts';
import { endpoint } from '../../endpoint.ts';

/**
 * getLocalAliases: the aliases that this server has for a room; for members, for all
 * where it is world readable, and for administrators, whose tools ask this way.
 */
export const getLocalAliases = ({ rooms }: { readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/rooms/:roomId/aliases',
    auth: 'user',
    limit: 'other',
    async handle({ user, params }) {
      const { room, readable } = user.isAdmin
        ? await wholeRoom(rooms, params.roomId)
        : await readableRoom(rooms, params.roomId, user);
      if (readable.upTo !== Number.MAX_SAFE_INTEGER) {
        throw forbidden('You are not in this room any more.');
      }
      return { aliases: await aliasesOfRoom(rooms.db, room) };
    },
  });
