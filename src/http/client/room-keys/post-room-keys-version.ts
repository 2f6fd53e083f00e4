import { Type } from '../../../base/schema.ts';
import type { JsonObject } from '../../../core/json.ts';
import type { Keys } from '../../../keys/keys.ts';
import { endpoint } from '../../endpoint.ts';
import { AlgorithmName } from './body.ts';

const Body = Type.Object({ algorithm: AlgorithmName, auth_data: Type.Object({}) });

export const postRoomKeysVersion = (parts: { readonly keys: Pick<Keys, 'backup'> }) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/room_keys/version',
    auth: 'user',
    limit: 'keys',
    body: Body,
    async handle({ user, body }) {
      return { version: await parts.keys.backup.create(user.userNid, body.algorithm, body.auth_data as JsonObject) };
    },
  });
