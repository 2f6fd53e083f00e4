import type { Keys } from '../../../keys/keys.ts';
import { endpoint } from '../../endpoint.ts';

export const getRoomKeysVersionCurrent = (parts: { readonly keys: Pick<Keys, 'backup'> }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/room_keys/version',
    auth: 'user',
    limit: 'keys',
    async handle({ user }) {
      return parts.keys.backup.info(user.userNid);
    },
  });
