import { Type } from '../../../base/schema.ts';
import type { JsonObject } from '../../../core/json.ts';
import { invalidParam } from '../../../core/matrix-error.ts';
import type { Keys } from '../../../keys/keys.ts';
import { endpoint } from '../../endpoint.ts';
import { AlgorithmName } from './body.ts';

const Body = Type.Object({
  algorithm: AlgorithmName,
  auth_data: Type.Object({}),
  version: Type.Optional(Type.String()),
});

export const putRoomKeysVersion = (parts: { readonly keys: Pick<Keys, 'backup'> }) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/client/v3/room_keys/version/:version',
    auth: 'user',
    limit: 'keys',
    body: Body,
    async handle({ user, params, body }) {
      if (body.version !== undefined && body.version !== params.version) {
        throw invalidParam('The version in the body is not that in the path.');
      }
      await parts.keys.backup.update(user.userNid, params.version, body.algorithm, body.auth_data as JsonObject);
      return {};
    },
  });
