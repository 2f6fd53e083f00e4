import { Readable } from 'node:stream';
import type { Keys } from '../../../keys/keys.ts';
import { endpoint, reply } from '../../endpoint.ts';

export const getRoomKeys = (parts: { readonly keys: Pick<Keys, 'backup'> }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/room_keys/keys',
    auth: 'user',
    limit: 'keys',
    async handle({ user, query }) {
      return reply({ body: Readable.from(await parts.keys.backup.all(user.userNid, query.required('version'))) });
    },
  });
