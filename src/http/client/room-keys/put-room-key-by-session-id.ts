import type { BackupRooms } from '../../../keys/backup-session.ts';
import type { Keys } from '../../../keys/keys.ts';
import { endpoint } from '../../endpoint.ts';
import { SessionBody } from './body.ts';

export const putRoomKeyBySessionId = (parts: { readonly keys: Pick<Keys, 'backup'> }) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/client/v3/room_keys/keys/:roomId/:sessionId',
    auth: 'user',
    limit: 'keys',
    body: SessionBody,
    async handle({ user, params, query, body }) {
      const rooms = { [params.roomId]: { sessions: { [params.sessionId]: body } } } as BackupRooms;
      return parts.keys.backup.put(user.userNid, query.required('version'), rooms);
    },
  });
