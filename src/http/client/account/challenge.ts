import { Type } from '../../../base/schema.ts';
import type { JsonObject } from '../../../core/json.ts';
import { type Reply, reply } from '../../endpoint.ts';

/** The `auth` member of a body: what the client has shown so far. Some clients write null for nothing. */
export const AuthData = Type.Optional(Type.Unsafe<JsonObject | null>(Type.Union([Type.Object({}), Type.Null()])));

/** The 401 of user-interactive authentication: what the client still has to show. */
export function challenge(body: JsonObject): Reply {
  return reply({ status: 401, body: JSON.stringify(body) });
}
