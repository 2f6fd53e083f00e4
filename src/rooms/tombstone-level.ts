import { getInteger, type JsonObject } from '../core/json.ts';

/** Above every level that a room without privileged creators can have given by default (MSC4289). */
const CREATORS_ONLY = 150;
const STATE_DEFAULT = 50;

/**
 * The level with which creators alone replace a room, where there are such: explicitly higher than `state_default`
 * (client-server API, `POST /createRoom`, step 3).
 */
export function tombstoneLevel(levels: JsonObject): number {
  const byDefault = getInteger(levels, 'state_default') ?? STATE_DEFAULT;
  return Math.min(Math.max(CREATORS_ONLY, byDefault + 1), Number.MAX_SAFE_INTEGER);
}
