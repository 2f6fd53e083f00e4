import { roomDirectory } from '../../../rooms/directory.ts';
import { endpoint } from '../../endpoint.ts';
import { plainDirectoryQuery } from '../../public-rooms-request.ts';
import type { RoomRouteParts } from '../rooms/room-route-parts.ts';
import { otherDirectory } from './other-directory.ts';

/** getPublicRooms: the rooms that are listed, the biggest first. */
export const getPublicRooms = (parts: Pick<RoomRouteParts, 'rooms' | 'remote'>) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/publicRooms',
    auth: 'optional',
    limit: 'search',
    async handle({ user, query }) {
      const { limit, since } = plainDirectoryQuery(query);
      const asked = { limit, ...(since === undefined ? {} : { since }) };
      const other = await otherDirectory(parts, { server: query.get('server'), user }, asked);
      return other ?? roomDirectory(parts.rooms, parts.rooms.db, asked);
    },
  });
