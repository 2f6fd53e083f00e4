import type { JsonObject } from '../../../core/json.ts';
import { roomDirectory } from '../../../rooms/directory.ts';
import { endpoint } from '../../endpoint.ts';
import { bodyDirectoryQuery, PublicRoomsBody } from '../../public-rooms-request.ts';
import type { RoomRouteParts } from '../rooms/room-route-parts.ts';
import { otherDirectory } from './other-directory.ts';

/** queryPublicRooms: the listed rooms that fit a search. */
export const queryPublicRooms = (parts: Pick<RoomRouteParts, 'rooms' | 'remote'>) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/publicRooms',
    auth: 'user',
    limit: 'search',
    body: PublicRoomsBody,
    async handle({ user, query, body }) {
      const other = await otherDirectory(parts, { server: query.get('server'), user }, body as JsonObject);
      return other ?? roomDirectory(parts.rooms, parts.rooms.db, bodyDirectoryQuery(body));
    },
  });
