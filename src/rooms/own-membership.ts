import { sleep } from '../base/clock.ts';
import type { EventId, RoomId, UserId } from '../core/ids.ts';
import { MatrixError, notFound } from '../core/matrix-error.ts';
import { currentMembership, isResident } from './current-membership.ts';
import { lacksMembers } from './incomplete-rooms.ts';
import type { JoinTarget } from './join-target.ts';
import { contentOf, join, knock, leave, type MemberAction } from './membership.ts';
import type { RoomsParts } from './parts.ts';
import type { RemoteWish } from './ports.ts';
import type { Room } from './room.ts';

/**
 * What users do about their own membership, in rooms that this server is in and through others in those that it is not.
 */

/**
 * @throws MatrixError M_FORBIDDEN, M_NOT_FOUND, M_GUEST_ACCESS_FORBIDDEN, M_INCOMPATIBLE_ROOM_VERSION, and what the
 * servers that were asked said
 */
export async function joinAt(parts: RoomsParts, target: JoinTarget, action: MemberAction): Promise<EventId> {
  const room = await roomHere(parts, target.roomId);
  if (room !== undefined) return joinHere(parts, room, target, action);
  if (action.isGuest === true)
    throw new MatrixError('M_GUEST_ACCESS_FORBIDDEN', 'Guests may not join rooms through other servers.');
  const outcome = await others(parts).join(wishFor(target, action, 'join'));
  return outcome === 'here'
    ? joinHere(parts, await parts.rooms.get(parts.db, target.roomId), target, action)
    : eventNow(parts, target.roomId, action.sender);
}

/** So long news of what happened here a moment ago are on their way to others. */
const NEWS_TRAVEL_MS = 1000;

/** Whoever joins a space and a room in it at once may be refused by a server that has not heard of the first join yet. */
async function joinHere(parts: RoomsParts, room: Room, target: JoinTarget, action: MemberAction): Promise<EventId> {
  try {
    return await joinHereOnce(parts, room, target, action);
  } catch (error) {
    if (!(error instanceof UnheardError)) throw error;
    await sleep(parts.clock, NEWS_TRAVEL_MS);
  }
  try {
    return await joinHereOnce(parts, room, target, action);
  } catch (error) {
    throw error instanceof UnheardError ? error.cause : error;
  }
}

/** Others refuse a user of whom we know that the room lets them in. */
class UnheardError extends Error {}

/**
 * Where nobody here may let the user into a restricted room, somebody elsewhere may; and where we do not know all members
 * we cannot tell whether the user was banned.
 */
async function joinHereOnce(parts: RoomsParts, room: Room, target: JoinTarget, action: MemberAction): Promise<EventId> {
  let isEntitled = false;
  const { memberships } = parts;
  const current = await currentMembership(parts, parts.db, room, action.sender);
  const isClear = current?.membership === 'join' || !(await lacksMembers(parts.db, room));
  if (memberships === undefined || isClear) {
    try {
      return await join(parts, room, action);
    } catch (error) {
      if (!isForOthers(error) || memberships === undefined) throw error;
      isEntitled = error.errcode === 'M_UNABLE_TO_GRANT_JOIN';
    }
  }
  try {
    await memberships.joinByOthers(room, wishFor(target, action, 'join'));
  } catch (cause) {
    const isRefused = cause instanceof MatrixError && cause.errcode === 'M_FORBIDDEN';
    throw isEntitled && isRefused ? new UnheardError('others have not heard yet', { cause }) : cause;
  }
  return eventNow(parts, room.roomId, action.sender);
}

function isForOthers(error: unknown): error is MatrixError {
  return (
    error instanceof MatrixError &&
    (error.errcode === 'M_UNABLE_TO_AUTHORISE_JOIN' || error.errcode === 'M_UNABLE_TO_GRANT_JOIN')
  );
}

/** @throws MatrixError as `joinAt` */
export async function knockAt(parts: RoomsParts, target: JoinTarget, action: MemberAction): Promise<EventId> {
  const room = await roomHere(parts, target.roomId);
  if (room !== undefined) return knock(parts, room, action);
  await others(parts).knock(wishFor(target, action, 'knock'));
  return eventNow(parts, target.roomId, action.sender);
}

/** Leaves, declines an invite or takes back a knock. @throws MatrixError M_FORBIDDEN, M_NOT_FOUND */
export async function leaveAt(parts: RoomsParts, roomId: RoomId, action: MemberAction): Promise<EventId> {
  const room = await parts.rooms.find(parts.db, roomId);
  if (room === undefined) throw unreachable();
  const { memberships } = parts;
  const current = await currentMembership(parts, parts.db, room, action.sender);
  const isPending = current?.membership === 'invite' || current?.membership === 'knock';
  if (memberships === undefined || !isPending || (await isResident(parts, parts.db, room)))
    return leave(parts, room, action);
  await memberships.leave(wishFor({ roomId, via: [] }, action, 'leave'));
  return eventNow(parts, roomId, action.sender);
}

/** The event that a user's membership comes from now. */
async function eventNow(parts: RoomsParts, roomId: RoomId, userId: UserId): Promise<EventId> {
  const room = await parts.rooms.get(parts.db, roomId);
  const current = await currentMembership(parts, parts.db, room, userId);
  const stored = current === undefined ? undefined : await parts.events.byNid(parts.db, current.eventNid);
  if (stored === undefined) throw new Error(`there is no membership of ${userId} in ${roomId}`);
  return stored.event.id;
}

/** A room that we are in; without federation any that we know. */
async function roomHere(parts: RoomsParts, roomId: RoomId): Promise<Room | undefined> {
  const room = await parts.rooms.find(parts.db, roomId);
  if (room === undefined || parts.memberships === undefined) return room;
  return (await isResident(parts, parts.db, room)) ? room : undefined;
}

function others({ memberships }: RoomsParts): NonNullable<RoomsParts['memberships']> {
  if (memberships === undefined) throw unreachable();
  return memberships;
}

function unreachable(): MatrixError {
  return notFound('No room of that name can be reached from this server.');
}

function wishFor(
  { roomId, via }: JoinTarget,
  action: MemberAction,
  membership: 'join' | 'knock' | 'leave',
): RemoteWish {
  return { roomId, via, userId: action.sender, content: contentOf(membership, action) };
}
