import type { RoomId, UserId } from '../core/ids.ts';
import { getArray, getString, isObject, type JsonObject } from '../core/json.ts';
import { notFound } from '../core/matrix-error.ts';
import type { RoomVersion } from '../core/room-versions.ts';
import type { Queryable } from '../db/database.ts';
import { resolveAlias } from './aliases.ts';
import { currentMembership, isResident } from './current-membership.ts';
import type { RoomsParts } from './parts.ts';
import type { RemoteDirectory, RemoteRooms, RoomSummary } from './ports.ts';
import { describeRooms } from './public-room-chunk.ts';
import type { Membership, Room } from './room.ts';
import { roomHead } from './rooms.table.ts';

/** A room by what this server knows of it. */
export async function roomSummary(parts: RoomsParts, db: Queryable, room: Room): Promise<RoomSummary | undefined> {
  const { state_root: root, joined_count: joined } = await roomHead(db, room.nid);
  const [described] = await describeRooms(parts, db, [{ room, root, joined }]);
  if (described === undefined) return undefined;
  const [rules, encryption] = [
    await parts.state.event(db, room, root, 'm.room.join_rules'),
    await parts.state.event(db, room, root, 'm.room.encryption'),
  ];
  const joinRule = effectiveRule(described.joinRule, room.version);
  const allowed = RESTRICTED.has(joinRule) && rules !== undefined ? allowedRooms(rules.content) : [];
  const algorithm = encryption === undefined ? undefined : getString(encryption.content, 'algorithm');
  const chunk: JsonObject = {
    ...described.chunk,
    room_version: room.version.id,
    ...(algorithm === undefined ? {} : { encryption: algorithm }),
    ...(allowed.length === 0 ? {} : { allowed_room_ids: allowed }),
  };
  const { worldReadable, roomType } = described;
  return { roomId: room.roomId, chunk, joinRule, worldReadable, allowed, isSpace: roomType === 'm.space' };
}

/** A rule that the room's version does not know lets nobody in. */
function effectiveRule(rule: string, version: RoomVersion): string {
  if (rule === 'knock' && !version.knocking) return 'invite';
  if (rule === 'restricted' && !version.restrictedJoins) return 'invite';
  if (rule === 'knock_restricted' && !version.knockRestricted) return 'invite';
  return rule;
}

const RESTRICTED: ReadonlySet<string> = new Set(['restricted', 'knock_restricted']);

function allowedRooms(joinRules: JsonObject): RoomId[] {
  return (getArray(joinRules, 'allow') ?? []).flatMap(entry => {
    if (!isObject(entry) || getString(entry, 'type') !== 'm.room_membership') return [];
    const roomId = getString(entry, 'room_id');
    return roomId === undefined ? [] : [roomId as RoomId];
  });
}

const OPEN_TO_ALL: ReadonlySet<string> = new Set(['public', 'knock', 'knock_restricted']);

/** Whether anybody at all may know of the room (client-server API, `GET /room_summary/{roomIdOrAlias}`). */
export function isOpenToAll({ joinRule, worldReadable }: RoomSummary): boolean {
  return worldReadable || OPEN_TO_ALL.has(joinRule);
}

/** Whether a user may know of a room: in it, asked into it, or able to join, to knock or to look in. */
export async function mayKnow(
  parts: RoomsParts,
  db: Queryable,
  summary: RoomSummary,
  userId: UserId,
  membership: Membership | undefined,
): Promise<boolean> {
  if (membership === 'ban') return summary.worldReadable;
  if (membership === 'join' || membership === 'invite' || isOpenToAll(summary)) return true;
  for (const roomId of summary.allowed) {
    if ((await membershipIn(parts, db, roomId, userId)) === 'join') return true;
  }
  return false;
}

export async function membershipIn(
  parts: RoomsParts,
  db: Queryable,
  roomId: RoomId,
  userId: UserId,
): Promise<Membership | undefined> {
  const room = await parts.rooms.find(db, roomId);
  return room === undefined ? undefined : (await currentMembership(parts, db, room, userId))?.membership;
}

/** The room as we have it where we are in it; undefined where others would have to be asked. */
export async function ownRoom(
  parts: RoomsParts,
  db: Queryable,
  roomId: RoomId,
  remote: RemoteRooms | undefined,
): Promise<Room | undefined> {
  const room = await parts.rooms.find(db, roomId);
  return room !== undefined && (remote === undefined || (await isResident(parts, db, room))) ? room : undefined;
}

export interface SummaryQuery {
  readonly roomIdOrAlias: string;
  /** Servers to ask where we are not in the room. */
  readonly via: readonly string[];
  /** Undefined: somebody without an account. */
  readonly userId: UserId | undefined;
}

/**
 * The answer of `GET /room_summary/{roomIdOrAlias}`.
 *
 * @throws MatrixError M_NOT_FOUND also for rooms that the user may not know of; M_INVALID_PARAM
 */
export async function summaryFor(
  parts: RoomsParts,
  db: Queryable,
  query: SummaryQuery,
  remote: { readonly directory: RemoteDirectory | undefined; readonly rooms: RemoteRooms | undefined },
): Promise<JsonObject> {
  const { roomIdOrAlias, userId } = query;
  // Strangers do not have us ask servers of their choice.
  const others = userId === undefined ? { directory: undefined, rooms: undefined } : remote;
  const target = roomIdOrAlias.startsWith('#')
    ? await resolveAlias(parts, roomIdOrAlias, others.directory)
    : { roomId: roomIdOrAlias as RoomId, servers: [] };
  const room = await ownRoom(parts, db, target.roomId, remote.rooms);
  const summary =
    room === undefined
      ? (await others.rooms?.summary(target.roomId, [...query.via, ...target.servers]))?.summary
      : await roomSummary(parts, db, room);
  if (summary === undefined) throw unknownRoom();
  if (userId === undefined) {
    if (!isOpenToAll(summary)) throw unknownRoom();
    return summary.chunk;
  }
  const membership = await membershipIn(parts, db, target.roomId, userId);
  if (!(await mayKnow(parts, db, summary, userId, membership))) throw unknownRoom();
  return { ...summary.chunk, membership: membership ?? 'leave' };
}

function unknownRoom() {
  return notFound('There is no room of that name, or you may not know of it.');
}
