import type { ServerName, UserId } from '../../core/ids.ts';
import { getArray, getBoolean, getInteger, getString, isObject, type Json, type JsonObject } from '../../core/json.ts';
import type { Queryable } from '../../db/database.ts';
import { type NeighbourParts, neighbours } from '../devices/neighbours.ts';
import type { PresenceBoard, ToldPresence } from './ports.ts';
import { userOf } from './user-of.ts';

/** More users of one EDU are not looked at. */
const MOST_USERS = 500;
const LONGEST_STATUS = 1000;
const STATES: readonly (string | undefined)[] = ['online', 'unavailable', 'offline'];

/** `m.presence` (server-server API, "Presence"), of users who share a room with one of ours. */
export async function takePresence(
  parts: NeighbourParts & { readonly db: Queryable },
  board: PresenceBoard,
  origin: ServerName,
  content: JsonObject,
  now: number,
): Promise<void> {
  const told = new Map<UserId, ToldPresence>();
  for (const each of (getArray(content, 'push') ?? []).slice(0, MOST_USERS)) {
    const userId = isObject(each) ? userOf(origin, each) : undefined;
    const presence = readPresence(each, now);
    if (userId !== undefined && presence !== undefined) told.set(userId, presence);
  }
  for (const [userId, { userNid }] of await neighbours(parts, parts.db, [...told.keys()])) {
    board.hear(userNid, told.get(userId)!);
  }
}

function readPresence(push: Json, now: number): ToldPresence | undefined {
  if (!isObject(push)) return undefined;
  const presence = getString(push, 'presence');
  if (!STATES.includes(presence)) return undefined;
  const statusMsg = getString(push, 'status_msg');
  return {
    presence: presence as ToldPresence['presence'],
    lastActive: Math.max(0, now - Math.max(0, getInteger(push, 'last_active_ago') ?? 0)),
    statusMsg: statusMsg === undefined || statusMsg.length > LONGEST_STATUS ? undefined : statusMsg,
    currentlyActive: getBoolean(push, 'currently_active') ?? false,
  };
}
