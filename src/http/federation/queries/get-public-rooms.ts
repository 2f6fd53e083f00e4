import { roomDirectory } from '../../../rooms/directory.ts';
import { endpoint } from '../../endpoint.ts';
import { plainDirectoryQuery } from '../../public-rooms-request.ts';
import type { QueryRouteParts } from './query-route-parts.ts';
import { requireSharedDirectory } from './require-shared-directory.ts';

/** getPublicRooms of the server-server API: the rooms that are listed here. */
export const getPublicRooms = (parts: Pick<QueryRouteParts, 'rooms' | 'sharesDirectory'>) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/federation/v1/publicRooms',
    auth: 'server',
    limit: 'search',
    async handle({ query }) {
      requireSharedDirectory(parts);
      return roomDirectory(parts.rooms, parts.rooms.db, plainDirectoryQuery(query));
    },
  });
