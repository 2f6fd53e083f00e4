import { createHmac } from 'node:crypto';
import type { UserId } from '../../../core/ids.ts';
import type { JsonObject } from '../../../core/json.ts';

export interface TurnSettings {
  readonly uris: readonly string[];
  /** Shared with the relay (coturn: `static-auth-secret`). */
  readonly secret: string | undefined;
  /** How long a name and its password are good for, in milliseconds. */
  readonly lifetimeMs: number;
}

/**
 * What a client needs to use the relay for calls: a name that says until when it holds, and a password made from it, which
 * the relay makes too (the TURN REST API that coturn speaks). Undefined where no relay is set up.
 */
export function turnCredentials(settings: TurnSettings, userId: UserId, now: number): JsonObject | undefined {
  const { uris, secret, lifetimeMs } = settings;
  if (uris.length === 0 || secret === undefined) return undefined;
  const username = `${Math.floor((now + lifetimeMs) / 1000)}:${userId}`;
  const password = createHmac('sha1', secret).update(username).digest('base64');
  return { username, password, ttl: Math.floor(lifetimeMs / 1000), uris: [...uris] };
}
