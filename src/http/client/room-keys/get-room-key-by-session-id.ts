import type { Keys } from '../../../keys/keys.ts';
import { endpoint, reply } from '../../endpoint.ts';

export const getRoomKeyBySessionId = (parts: { readonly keys: Pick<Keys, 'backup'> }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/room_keys/keys/:roomId/:sessionId',
    auth: 'user',
    limit: 'keys',
    async handle({ user, params, query }) {
      const version = query.required('version');
      return reply({ body: await parts.keys.backup.session(user.userNid, version, params.roomId, params.sessionId) });
    },
  });
