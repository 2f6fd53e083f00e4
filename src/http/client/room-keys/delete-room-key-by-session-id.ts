import type { Keys } from '../../../keys/keys.ts';
import { endpoint } from '../../endpoint.ts';

export const deleteRoomKeyBySessionId = (parts: { readonly keys: Pick<Keys, 'backup'> }) =>
  endpoint({
    method: 'DELETE',
    path: '/_matrix/client/v3/room_keys/keys/:roomId/:sessionId',
    auth: 'user',
    limit: 'keys',
    async handle({ user, params, query }) {
      const scope = { roomId: params.roomId, sessionId: params.sessionId };
      return parts.keys.backup.deleteKeys(user.userNid, query.required('version'), scope);
    },
  });
