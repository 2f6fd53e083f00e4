import { roomDirectory } from '../../../rooms/directory.ts';
import { endpoint } from '../../endpoint.ts';
import type { RoomRouteParts } from '../rooms/room-route-parts.ts';
import { otherDirectory } from './other-directory.ts';

const DEFAULT_LIMIT = 100;
const MOST = 500;

/** getPublicRooms: the rooms that are listed, the biggest first. */
export const getPublicRooms = (parts: Pick<RoomRouteParts, 'rooms' | 'remote'>) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/publicRooms',
    auth: 'none',
    limit: 'search',
    async handle({ query }) {
      // Zero is no page: it counts as no limit, as elsewhere.
      const limit = query.integer('limit', { fallback: DEFAULT_LIMIT, max: MOST }) || DEFAULT_LIMIT;
      const since = query.get('since');
      const asked = { limit, ...(since === undefined ? {} : { since }) };
      const other = await otherDirectory(parts, query.get('server'), asked);
      return other ?? roomDirectory(parts.rooms, parts.rooms.db, asked);
    },
  });
