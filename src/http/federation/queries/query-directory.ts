import { parseRoomAlias } from '../../../core/ids.ts';
import { invalidParam } from '../../../core/matrix-error.ts';
import { resolveAlias } from '../../../rooms/aliases.ts';
import { endpoint } from '../../endpoint.ts';
import type { QueryRouteParts } from './query-route-parts.ts';

/** queryRoomDirectory: the room that an alias of this server names. */
export const queryDirectory = ({ rooms }: Pick<QueryRouteParts, 'rooms'>) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/federation/v1/query/directory',
    auth: 'server',
    limit: 'other',
    async handle({ query }) {
      const alias = query.required('room_alias');
      if (parseRoomAlias(alias)?.domain !== rooms.serverName)
        throw invalidParam('This is no room alias of this server.');
      const { roomId, servers } = await resolveAlias(rooms, alias, undefined);
      return { room_id: roomId, servers };
    },
  });
