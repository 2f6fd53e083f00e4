import type { Endpoint } from '../../endpoint.ts';
import { getHierarchy } from './get-hierarchy.ts';
import { getOpenIdUserinfo } from './get-openid-userinfo.ts';
import { getPublicRooms } from './get-public-rooms.ts';
import { queryDirectory } from './query-directory.ts';
import { queryProfile } from './query-profile.ts';
import { queryPublicRooms } from './query-public-rooms.ts';
import type { QueryRouteParts } from './query-route-parts.ts';
import { queryUnknown } from './query-unknown.ts';

/** What other servers may ask for without being in a room with us. */
export function federationQueryRoutes(parts: QueryRouteParts): Endpoint[] {
  return [
    queryDirectory(parts),
    queryProfile(parts),
    queryUnknown(),
    getPublicRooms(parts),
    queryPublicRooms(parts),
    getHierarchy(parts),
    getOpenIdUserinfo(parts),
  ];
}
