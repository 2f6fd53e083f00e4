import { namedLevel, userLevel } from '../core/auth/power-levels.ts';
import { isRoomId, type UserId } from '../core/ids.ts';
import { getArray, getString, isObject, type JsonObject } from '../core/json.ts';
import { forbidden, MatrixError } from '../core/matrix-error.ts';
import type { Queryable } from '../db/database.ts';
import { currentMembership, isResident } from './current-membership.ts';
import { lacksMembers } from './incomplete-rooms.ts';
import { joinedOfDomain } from './members.table.ts';
import type { RoomsParts } from './parts.ts';
import type { Room } from './room.ts';
import { roomHead } from './rooms.table.ts';

/** Rooms that are looked into for one join: an event of 64 KiB could name a thousand. */
const MOST_ALLOWED = 100;

/**
 * In a restricted room: one of our users who may invite, provided that the user is in one of the rooms that give
 * access (server-server API, "Restricted rooms"). Undefined in other rooms.
 *
 * @throws MatrixError M_FORBIDDEN: in none of them; M_UNABLE_TO_AUTHORISE_JOIN: we are not in all of them, so that
 * others may know better; M_UNABLE_TO_GRANT_JOIN: nobody here may invite
 */
export async function authoriserOf(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  userId: UserId,
): Promise<UserId | undefined> {
  const { state_root: root } = await roomHead(db, room.nid);
  const rules = await parts.state.event(db, room, root, 'm.room.join_rules');
  if (rules === undefined || !isRestricted(room, rules.content)) return undefined;
  const access = await accessOf(parts, db, rules.content, userId);
  if (access === 'no') throw forbidden('You are not in any of the rooms whose members may join this one.');
  if (access === 'unknown')
    throw new MatrixError('M_UNABLE_TO_AUTHORISE_JOIN', 'This server is not in the rooms whose members may join.');
  const authoriser = await someoneWhoMayInvite(parts, db, room, root);
  if (authoriser === undefined)
    throw new MatrixError('M_UNABLE_TO_GRANT_JOIN', 'Nobody on this server may let others into the room.');
  return authoriser;
}

/** Room versions 8 and 10: the join rules that let members of other rooms in. */
function isRestricted(room: Room, joinRules: JsonObject): boolean {
  const rule = getString(joinRules, 'join_rule');
  if (rule === 'restricted') return room.version.restrictedJoins;
  return rule === 'knock_restricted' && room.version.knockRestricted;
}

/**
 * Whether a user is joined to one of the rooms that `allow` lists. Of rooms that we are not in we know nothing, and of
 * those that we have just come into not who is missing.
 */
async function accessOf(
  parts: RoomsParts,
  db: Queryable,
  joinRules: JsonObject,
  userId: UserId,
): Promise<'yes' | 'no' | 'unknown'> {
  let answer: 'no' | 'unknown' = 'no';
  for (const entry of (getArray(joinRules, 'allow') ?? []).slice(0, MOST_ALLOWED)) {
    if (!isObject(entry) || getString(entry, 'type') !== 'm.room_membership') continue;
    const roomId = getString(entry, 'room_id') ?? '';
    if (!isRoomId(roomId)) continue;
    const allowed = await parts.rooms.find(db, roomId);
    if (allowed === undefined || !(await isResident(parts, db, allowed))) {
      answer = 'unknown';
      continue;
    }
    if ((await currentMembership(parts, db, allowed, userId))?.membership === 'join') return 'yes';
    if (await lacksMembers(db, allowed)) answer = 'unknown';
  }
  return answer;
}

async function someoneWhoMayInvite(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  root: number,
): Promise<UserId | undefined> {
  const domainNid = await parts.nids.domains.findOne(db, parts.serverName);
  if (domainNid === undefined) return undefined;
  const local = await joinedOfDomain(db, room.nid, domainNid);
  const names = await parts.nids.users.names(
    db,
    local.map(row => row.user_nid),
  );
  const state = await parts.state.lookup(db, room, root, [
    ['m.room.create', ''],
    ['m.room.power_levels', ''],
  ]);
  return [...names.values()].find(user => userLevel(state, user) >= namedLevel(state, 'invite'));
}
