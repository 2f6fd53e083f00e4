import { isCreator, userLevel } from '../core/auth/power-levels.ts';
import type { UserId } from '../core/ids.ts';
import { getObject, getString, type JsonObject } from '../core/json.ts';
import { invalidParam } from '../core/matrix-error.ts';
import type { Tx } from '../db/database.ts';
import { append } from './append.ts';
import { currentMembership } from './current-membership.ts';
import { joinedOfDomain } from './members.table.ts';
import { invite } from './membership.ts';
import type { RoomsParts } from './parts.ts';
import type { Room } from './room.ts';
import { roomHead } from './rooms.table.ts';
import { writeRoom } from './write-room.ts';

/** What whoever has no number of their own, because they made the room, gives on. */
const FULL_POWER = 100;

/**
 * Gives a user the highest power that a local user of the room has, in that user's name. Who is not in the room and
 * could not just join it is invited.
 *
 * @throws MatrixError M_INVALID_PARAM when nobody here has the power
 */
export async function makeRoomAdmin(parts: RoomsParts, room: Room, target: UserId): Promise<void> {
  const giver = await writeRoom(parts, room, tx => givePower(parts, tx, room, target));
  const membership = (await currentMembership(parts, parts.db, room, target))?.membership;
  if (membership === 'join' || membership === 'invite') return;
  const { state_root: root } = await roomHead(parts.db, room.nid);
  const rules = await parts.state.event(parts.db, room, root, 'm.room.join_rules');
  if (rules !== undefined && getString(rules.content, 'join_rule') === 'public') return;
  await invite(parts, room, { sender: giver }, target);
}

async function givePower(parts: RoomsParts, tx: Tx, room: Room, target: UserId): Promise<UserId> {
  const { state_root: root } = await roomHead(tx, room.nid);
  const state = await parts.state.lookup(tx, room, root, [
    ['m.room.create', ''],
    ['m.room.power_levels', ''],
  ]);
  const locals = await localMembers(parts, tx, room);
  const giver = locals.toSorted((a, b) => byPower(userLevel(state, a), userLevel(state, b)))[0];
  if (giver === undefined) throw invalidParam('No user of this server is in the room.');
  const create = state('m.room.create', '');
  const level = userLevel(state, giver);
  const given = Number.isSafeInteger(level) ? level : FULL_POWER;
  if (
    giver === target ||
    (create !== undefined && isCreator(create, target) && !Number.isFinite(userLevel(state, target)))
  )
    return giver;
  const content = levelsWith(state('m.room.power_levels', '')?.content ?? {}, target, given);
  try {
    await append(parts, tx, room, { type: 'm.room.power_levels', stateKey: '', sender: giver, content });
  } catch (error) {
    throw invalidParam(`Nobody on this server can give power in this room: ${(error as Error).message}`);
  }
  return giver;
}

function byPower(a: number, b: number): number {
  return a === b ? 0 : b > a ? 1 : -1;
}

/** Users of this server in a room. */
export async function localMembers(parts: RoomsParts, tx: Tx, room: Room): Promise<UserId[]> {
  const domainNid = await parts.nids.domains.findOne(tx, parts.serverName);
  const rows = domainNid === undefined ? [] : await joinedOfDomain(tx, room.nid, domainNid);
  const names = await parts.nids.users.names(
    tx,
    rows.map(row => row.user_nid),
  );
  return [...names.values()];
}

function levelsWith(content: JsonObject, target: UserId, level: number): JsonObject {
  return { ...content, users: { ...getObject(content, 'users'), [target]: level } };
}
