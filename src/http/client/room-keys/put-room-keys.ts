import type { BackupRooms } from '../../../keys/backup-session.ts';
import type { Keys } from '../../../keys/keys.ts';
import { endpoint } from '../../endpoint.ts';
import { BULK_LIMIT, RoomsBody } from './body.ts';

export const putRoomKeys = (parts: { readonly keys: Pick<Keys, 'backup'> }) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/client/v3/room_keys/keys',
    auth: 'user',
    limit: 'keys',
    bodyLimit: BULK_LIMIT,
    body: RoomsBody,
    async handle({ user, query, body }) {
      return parts.keys.backup.put(user.userNid, query.required('version'), body.rooms as BackupRooms);
    },
  });
