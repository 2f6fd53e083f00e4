import { roomDirectory } from '../../../rooms/directory.ts';
import { endpoint } from '../../endpoint.ts';
import { bodyDirectoryQuery, PublicRoomsBody } from '../../public-rooms-request.ts';
import type { QueryRouteParts } from './query-route-parts.ts';
import { requireSharedDirectory } from './require-shared-directory.ts';

/** queryPublicRooms of the server-server API: the listed rooms that fit a search. */
export const queryPublicRooms = (parts: Pick<QueryRouteParts, 'rooms' | 'sharesDirectory'>) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/federation/v1/publicRooms',
    auth: 'server',
    limit: 'search',
    body: PublicRoomsBody,
    async handle({ body }) {
      requireSharedDirectory(parts);
      return roomDirectory(parts.rooms, parts.rooms.db, bodyDirectoryQuery(body));
    },
  });
