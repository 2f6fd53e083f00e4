import type { Keys } from '../../../keys/keys.ts';
import { endpoint } from '../../endpoint.ts';

export const deleteRoomKeys = (parts: { readonly keys: Pick<Keys, 'backup'> }) =>
  endpoint({
    method: 'DELETE',
    path: '/_matrix/client/v3/room_keys/keys',
    auth: 'user',
    limit: 'keys',
    async handle({ user, query }) {
      return parts.keys.backup.deleteKeys(user.userNid, query.required('version'), {});
    },
  });
