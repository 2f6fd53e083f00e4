import { Readable } from 'node:stream';
import type { Keys } from '../../../keys/keys.ts';
import { endpoint, reply } from '../../endpoint.ts';

export const getRoomKeysByRoomId = (parts: { readonly keys: Pick<Keys, 'backup'> }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/room_keys/keys/:roomId',
    auth: 'user',
    limit: 'keys',
    async handle({ user, params, query }) {
      const version = query.required('version');
      return reply({ body: Readable.from(await parts.keys.backup.room(user.userNid, version, params.roomId)) });
    },
  });
