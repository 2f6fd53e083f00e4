import { summaryFor } from '../../../rooms/room-summary.ts';
import { endpoint } from '../../endpoint.ts';
import type { RoomRouteParts } from './room-route-parts.ts';

type Parts = Pick<RoomRouteParts, 'rooms' | 'remote' | 'remoteRooms'>;

/** getRoomSummary: what a room is, for those who think of joining it. Open rooms are told to everybody. */
export const getRoomSummary = ({ rooms, remote, remoteRooms }: Parts) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v1/room_summary/:roomIdOrAlias',
    alsoAt: [
      '/_matrix/client/unstable/im.nheko.summary/summary/:roomIdOrAlias',
      '/_matrix/client/unstable/im.nheko.summary/rooms/:roomIdOrAlias/summary',
    ],
    auth: 'optional',
    limit: 'other',
    handle: ({ user, params, query }) =>
      summaryFor(
        rooms,
        rooms.db,
        { roomIdOrAlias: params.roomIdOrAlias, via: query.all('via'), userId: user?.userId },
        { directory: remote, rooms: remoteRooms },
      ),
  });
