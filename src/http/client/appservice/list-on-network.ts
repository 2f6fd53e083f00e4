import { Type } from '../../../base/schema.ts';
import type { RoomId } from '../../../core/ids.ts';
import { forbidden } from '../../../core/matrix-error.ts';
import { setListedOn } from '../../../rooms/network-directory.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { endpoint } from '../../endpoint.ts';

/** updateAppserviceRoomDirectoryVisibility: lists a room in the directory of a bridged network, or takes it out. */
export const listOnNetwork = ({ rooms }: { readonly rooms: RoomsParts }) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/client/v3/directory/list/appservice/:networkId/:roomId',
    auth: 'user',
    limit: 'other',
    body: Type.Object({ visibility: Type.Enum(['public', 'private']) }),
    async handle({ user, params, body }) {
      if (user.appservice === undefined) throw forbidden('Only application services have lists of networks.');
      const room = await rooms.rooms.get(rooms.db, params.roomId as RoomId);
      const network = { appserviceId: user.appservice.id, networkId: params.networkId };
      await setListedOn(rooms, network, room, body.visibility === 'public');
      return {};
    },
  });
