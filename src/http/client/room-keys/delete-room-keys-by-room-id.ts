import type { Keys } from '../../../keys/keys.ts';
import { endpoint } from '../../endpoint.ts';

export const deleteRoomKeysByRoomId = (parts: { readonly keys: Pick<Keys, 'backup'> }) =>
  endpoint({
    method: 'DELETE',
    path: '/_matrix/client/v3/room_keys/keys/:roomId',
    auth: 'user',
    limit: 'keys',
    async handle({ user, params, query }) {
      return parts.keys.backup.deleteKeys(user.userNid, query.required('version'), { roomId: params.roomId });
    },
  });
