import type { Endpoint } from '../../endpoint.ts';
import type { RoomRouteParts } from '../rooms/room-route-parts.ts';
import { deleteAlias } from './delete-alias.ts';
import { getAlias } from './get-alias.ts';
import { getPublicRooms } from './get-public-rooms.ts';
import { getVisibility } from './get-visibility.ts';
import { queryPublicRooms } from './query-public-rooms.ts';
import { setAlias } from './set-alias.ts';
import { setVisibility } from './set-visibility.ts';

/** The endpoints of aliases and of the published room directory. */
export function directoryRoutes(parts: RoomRouteParts): Endpoint[] {
  return [
    getAlias(parts),
    setAlias(parts),
    deleteAlias(parts),
    getVisibility(parts),
    setVisibility(parts),
    getPublicRooms(parts),
    queryPublicRooms(parts),
  ];
}
