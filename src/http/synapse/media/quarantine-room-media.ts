import type { RoomId } from '../../../core/ids.ts';
import { parseMxcUri } from '../../../media/media-id.ts';
import type { Quarantine } from '../../../media/quarantine.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { mediaInRoom } from '../../../rooms/room-media.ts';
import { endpoint } from '../../endpoint.ts';

/** Synapse admin API, "Quarantining media in a room": what is here of it, of all servers. */
export const quarantineRoomMedia = ({
  rooms,
  quarantine,
}: {
  readonly rooms: RoomsParts;
  readonly quarantine: Quarantine;
}) =>
  endpoint({
    method: 'POST',
    path: '/_synapse/admin/v1/room/:roomId/media/quarantine',
    alsoAt: ['/_synapse/admin/v1/quarantine_media/:roomId'],
    auth: 'admin',
    async handle({ user, params }) {
      const room = await rooms.rooms.get(rooms.db, params.roomId as RoomId);
      const names = (await mediaInRoom(rooms.db, room)).flatMap(uri => parseMxcUri(uri) ?? []);
      return { num_quarantined: await quarantine.holdAll(names, user.userNid) };
    },
  });
