import type { RoomId } from '../../../core/ids.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { mediaInRoom } from '../../../rooms/room-media.ts';
import { endpoint } from '../../endpoint.ts';

/** Synapse admin API, "List all media in a room", as far as it is not encrypted. */
export const listRoomMedia = ({ rooms }: { readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'GET',
    path: '/_synapse/admin/v1/room/:roomId/media',
    auth: 'admin',
    async handle({ params }) {
      const room = await rooms.rooms.get(rooms.db, params.roomId as RoomId);
      const { local = [], remote = [] } = Object.groupBy(await mediaInRoom(rooms.db, room), uri =>
        uri.startsWith(`mxc://${rooms.serverName}/`) ? 'local' : 'remote',
      );
      return { local, remote };
    },
  });
