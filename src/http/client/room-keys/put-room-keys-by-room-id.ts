import type { BackupRooms } from '../../../keys/backup-session.ts';
import type { Keys } from '../../../keys/keys.ts';
import { endpoint } from '../../endpoint.ts';
import { BULK_LIMIT, RoomBody } from './body.ts';

export const putRoomKeysByRoomId = (parts: { readonly keys: Pick<Keys, 'backup'> }) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/client/v3/room_keys/keys/:roomId',
    auth: 'user',
    limit: 'keys',
    bodyLimit: BULK_LIMIT,
    body: RoomBody,
    async handle({ user, params, query, body }) {
      const rooms = { [params.roomId]: body } as BackupRooms;
      return parts.keys.backup.put(user.userNid, query.required('version'), rooms);
    },
  });
