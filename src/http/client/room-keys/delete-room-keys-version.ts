import type { Keys } from '../../../keys/keys.ts';
import { endpoint } from '../../endpoint.ts';

export const deleteRoomKeysVersion = (parts: { readonly keys: Pick<Keys, 'backup'> }) =>
  endpoint({
    method: 'DELETE',
    path: '/_matrix/client/v3/room_keys/version/:version',
    auth: 'user',
    limit: 'keys',
    async handle({ user, params }) {
      await parts.keys.backup.delete(user.userNid, params.version);
      return {};
    },
  });
