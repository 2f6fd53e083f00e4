import { Type } from '../../../base/schema.ts';
import type { JsonObject } from '../../../core/json.ts';
import type { Keys } from '../../../keys/keys.ts';
import { endpoint } from '../../endpoint.ts';

/** What the three fields hold is checked by `keys/`, which answers M_BAD_JSON also for what is missing in them. */
const Body = Type.Object({
  device_keys: Type.Optional(Type.Unknown()),
  one_time_keys: Type.Optional(Type.Unknown()),
  fallback_keys: Type.Optional(Type.Unknown()),
});

export const uploadKeys = (parts: { readonly keys: Pick<Keys, 'upload'> }) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/keys/upload',
    auth: 'user',
    limit: 'keys',
    body: Body,
    async handle({ user, body }) {
      return { one_time_key_counts: await parts.keys.upload.upload(user, body as JsonObject) };
    },
  });
