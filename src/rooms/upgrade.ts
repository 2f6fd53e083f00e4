import { isCreator } from '../core/auth/power-levels.ts';
import type { EventId, RoomId, UserId } from '../core/ids.ts';
import { getArray, getString, type JsonObject } from '../core/json.ts';
import { forbidden, invalidParam, MatrixError } from '../core/matrix-error.ts';
import { type RoomVersion, roomVersion } from '../core/room-versions.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { aliasesOf, moveAliases } from './aliases.table.ts';
import { append } from './append.ts';
import { withoutAlias } from './canonical-alias.ts';
import { MOST_CREATORS, makeRoom } from './create-room.ts';
import { timelineBackward } from './events.table.ts';
import { type MemberProfile, memberContent } from './member-content.ts';
import { membersOf } from './members.table.ts';
import { leave } from './membership.ts';
import type { RoomsParts } from './parts.ts';
import { maySendState } from './power.ts';
import { MEMBERSHIPS, type Room } from './room.ts';
import { isPublic, lockRoom, roomHead, setPublic } from './rooms.table.ts';
import { carriedLevels, quietLevels } from './upgrade-levels.ts';
import { writeRoom } from './write-room.ts';

export interface UpgradePlan {
  readonly user: UserId;
  readonly profile: MemberProfile;
  readonly version: string;
  /** User IDs, from the client: creators beside the user where the version knows such. */
  readonly additionalCreators: readonly string[];
}

/** The state that goes along (client-server API, "Room Upgrades", step 3), power levels apart. */
const CARRIED: readonly string[] = [
  'm.room.server_acl',
  'm.room.encryption',
  'm.room.name',
  'm.room.avatar',
  'm.room.topic',
  'm.room.guest_access',
  'm.room.history_visibility',
  'm.room.join_rules',
];

/** A second request within this time is the same click again: it gets the same room. */
const SAME_CLICK_MS = 60_000;
/** Bans and children of a space that are written in one transaction. */
const AT_ONCE = 100;

interface CarriedState {
  readonly type: string;
  readonly stateKey: string;
  readonly content: JsonObject;
}

/**
 * Replaces a room by one of another version. The new room lets nobody in until the last transaction, which gives it
 * its join rules and closes the old one: nobody who is banned slips in between, and before it nothing has happened.
 *
 * @throws MatrixError M_UNSUPPORTED_ROOM_VERSION, M_FORBIDDEN, M_INVALID_PARAM
 */
export function upgradeRoom(parts: RoomsParts, old: Room, plan: UpgradePlan): Promise<RoomId> {
  const version = roomVersion(plan.version);
  if (version === undefined) {
    throw new MatrixError('M_UNSUPPORTED_ROOM_VERSION', `Room version ${plan.version} is not supported.`);
  }
  if (plan.additionalCreators.length > MOST_CREATORS) {
    throw invalidParam(`A room can have at most ${MOST_CREATORS} additional creators.`);
  }
  return parts.queue.run(`upgrade ${old.roomId}`, async () => {
    // Step 1: who may not say that the room is replaced may not replace it.
    if (!(await maySendState(parts, parts.db, old, plan.user, 'm.room.tombstone'))) {
      throw forbidden('You may not upgrade this room.');
    }
    return (await justMade(parts, old, plan)) ?? replace(parts, old, version, plan);
  });
}

/** The room that the same user has replaced this one by a moment ago. */
async function justMade(parts: RoomsParts, old: Room, plan: UpgradePlan): Promise<RoomId | undefined> {
  const { state_root: root } = await roomHead(parts.db, old.nid);
  const tombstone = await parts.state.event(parts.db, old, root, 'm.room.tombstone');
  if (tombstone?.sender !== plan.user || parts.clock.now() - tombstone.ts > SAME_CLICK_MS) return undefined;
  const roomId = (getString(tombstone.content, 'replacement_room') ?? '') as RoomId;
  return (await parts.rooms.find(parts.db, roomId))?.version.id === plan.version ? roomId : undefined;
}

async function replace(parts: RoomsParts, old: Room, version: RoomVersion, plan: UpgradePlan): Promise<RoomId> {
  const room = await parts.db.tx(tx => start(parts, tx, old, version, plan));
  try {
    const long = await longLists(parts, old, room, plan);
    for (let at = 0; at < long.length; at += AT_ONCE) {
      await writeRoom(parts, room, tx => write(parts, tx, room, plan.user, long.slice(at, at + AT_ONCE)));
    }
    await parts.db.tx(tx => finish(parts, tx, old, room, plan));
  } catch (error) {
    await leave(parts, room, { sender: plan.user });
    throw error;
  }
  return room.roomId;
}

/** Step 2: the new room with its maker in it, which only an invite leads into so far. */
async function start(parts: RoomsParts, tx: Tx, old: Room, version: RoomVersion, plan: UpgradePlan): Promise<Room> {
  const { state_root: root } = await roomHead(tx, old.nid);
  const create = await parts.state.event(tx, old, root, 'm.room.create');
  const kept = ['type', 'm.federate'].flatMap(key => {
    const value = create?.content[key];
    return value === undefined ? [] : [[key, value] as const];
  });
  const creators = version.creatorsHaveInfinitePower ? { additional_creators: [...plan.additionalCreators] } : {};
  const last = version.roomIdIsCreateHash ? undefined : await newestEvent(parts, tx, old);
  const predecessor = { room_id: old.roomId, ...(last === undefined ? {} : { event_id: last }) };
  const room = await makeRoom(parts, tx, version, {
    creator: plan.user,
    preset: 'private_chat',
    invite: [],
    creationContent: { ...Object.fromEntries(kept), ...creators, predecessor },
  });
  const content = memberContent('join', plan.profile);
  await write(parts, tx, room, plan.user, [{ type: 'm.room.member', stateKey: plan.user, content }]);
  return room;
}

async function newestEvent(parts: RoomsParts, tx: Tx, room: Room): Promise<EventId | undefined> {
  const all = { after: Number.MIN_SAFE_INTEGER, upTo: Number.MAX_SAFE_INTEGER };
  const [row] = await timelineBackward(tx, room.nid, all, 1);
  return row === undefined ? undefined : (await parts.events.byNid(tx, row.nid))?.event.id;
}

async function write(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  sender: UserId,
  events: readonly CarriedState[],
): Promise<void> {
  for (const event of events) await append(parts, tx, room, { ...event, sender });
}

/** What there can be thousands of: bans, and the rooms of a space. */
async function longLists(parts: RoomsParts, old: Room, room: Room, plan: UpgradePlan): Promise<CarriedState[]> {
  const { db } = parts;
  const create = await currentEvent(parts, db, room, 'm.room.create');
  const rows = await membersOf(db, old.nid, [MEMBERSHIPS.ban]);
  const bans = await parts.events.byNids(
    db,
    rows.map(row => row.event_nid),
  );
  const banned = [...bans.values()].flatMap(({ event }): CarriedState[] => {
    const stateKey = event.stateKey ?? '';
    if (stateKey === plan.user || (create !== undefined && isCreator(create, stateKey))) return [];
    const reason = getString(event.content, 'reason');
    const content = { membership: 'ban', ...(reason === undefined ? {} : { reason }) };
    return [{ type: event.type, stateKey, content }];
  });
  return [...banned, ...(await children(parts, db, old))];
}

async function children(parts: RoomsParts, db: Queryable, old: Room): Promise<CarriedState[]> {
  const found: CarriedState[] = [];
  const { state_root: root } = await roomHead(db, old.nid);
  for await (const { event } of parts.state.ofType(db, old, root, 'm.space.child')) {
    if ((getArray(event.content, 'via') ?? []).length === 0) continue;
    found.push({ type: event.type, stateKey: event.stateKey ?? '', content: event.content });
  }
  return found;
}

async function currentEvent(parts: RoomsParts, db: Queryable, room: Room, type: string) {
  const { state_root: root } = await roomHead(db, room.nid);
  return parts.state.event(db, room, root, type);
}

/** Steps 3 to 6 in one transaction: until it is done, the old room is the room. */
async function finish(parts: RoomsParts, tx: Tx, old: Room, room: Room, plan: UpgradePlan): Promise<void> {
  const { state_root: root } = await lockRoom(tx, old.nid);
  const { user } = plan;
  // 3. State goes along; power levels are last, so that what they forbid to the user can still be set.
  for (const type of CARRIED) {
    const event = await parts.state.event(tx, old, root, type);
    if (event === undefined) continue;
    await append(parts, tx, room, { type, stateKey: '', content: contentFor(room.version, event), sender: user });
  }
  // 4. Aliases of this server move, and the listing in the directory with them.
  await moveNames(parts, tx, old, room, user);
  await carryLevels(parts, tx, old, room, user);
  // 5. The old room says where it went on.
  const content = { body: 'This room has been replaced', replacement_room: room.roomId };
  await append(parts, tx, old, { type: 'm.room.tombstone', stateKey: '', content, sender: user });
  // 6. It is quiet from now on, where the user can see to that.
  if (!(await maySendState(parts, tx, old, user, 'm.room.power_levels'))) return;
  const pairs = [['m.room.create', ''] as const, ['m.room.power_levels', ''] as const];
  const quiet = quietLevels(await parts.state.lookup(tx, old, root, pairs), user);
  if (quiet === undefined) return;
  await append(parts, tx, old, { type: 'm.room.power_levels', stateKey: '', content: quiet, sender: user });
}

/** The content of a carried event; a join rule that the version does not know is a closed door. */
function contentFor(version: RoomVersion, { type, content }: { type: string; content: JsonObject }): JsonObject {
  if (type !== 'm.room.join_rules') return content;
  const rule = getString(content, 'join_rule') ?? 'invite';
  const known =
    (rule !== 'restricted' || version.restrictedJoins) &&
    (rule !== 'knock' || version.knocking) &&
    (rule !== 'knock_restricted' || version.knockRestricted);
  return known ? content : { join_rule: 'invite' };
}

async function moveNames(parts: RoomsParts, tx: Tx, old: Room, room: Room, user: UserId): Promise<void> {
  const moved = await aliasesOf(tx, old.roomId);
  await moveAliases(tx, old.roomId, room.roomId);
  const canonical = await currentEvent(parts, tx, old, 'm.room.canonical_alias');
  if (canonical !== undefined) {
    const type = 'm.room.canonical_alias';
    await append(parts, tx, room, { type, stateKey: '', content: canonical.content, sender: user });
    const left = moved.reduce((content, alias) => withoutAlias(content, alias) ?? content, canonical.content);
    if (left !== canonical.content && (await maySendState(parts, tx, old, user, type))) {
      await append(parts, tx, old, { type, stateKey: '', content: left, sender: user });
    }
  }
  if (!(await isPublic(tx, old.nid))) return;
  await setPublic(tx, old.nid, false);
  await setPublic(tx, room.nid, true);
}

async function carryLevels(parts: RoomsParts, tx: Tx, old: Room, room: Room, user: UserId): Promise<void> {
  const type = 'm.room.power_levels';
  const levels = await currentEvent(parts, tx, old, type);
  if (levels === undefined) return;
  const create = await currentEvent(parts, tx, room, 'm.room.create');
  const others = create === undefined ? [] : (getArray(create.content, 'additional_creators') ?? []);
  const creators = new Set([user, ...others.filter(other => typeof other === 'string')]);
  const before = await currentEvent(parts, tx, old, 'm.room.create');
  const content = carriedLevels(levels, before, room.version, creators, user);
  await append(parts, tx, room, { type, stateKey: '', content, sender: user });
}
