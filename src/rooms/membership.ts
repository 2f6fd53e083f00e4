import { domainOf, type EventId, type UserId } from '../core/ids.ts';
import { getString, type JsonObject } from '../core/json.ts';
import { forbidden, MatrixError } from '../core/matrix-error.ts';
import type { Tx } from '../db/database.ts';
import { append } from './append.ts';
import { requireNotBlocked } from './blocked-rooms.ts';
import { currentMembership } from './current-membership.ts';
import { inviteElsewhere } from './invite-elsewhere.ts';
import { checkInvite } from './invite-permission.ts';
import { type MemberProfile, memberContent } from './member-content.ts';
import { setForgotten } from './members.table.ts';
import { isNoticeRoom } from './notice-rooms.table.ts';
import type { RoomsParts } from './parts.ts';
import { authoriserOf } from './restricted-join.ts';
import type { Membership, Room } from './room.ts';
import { roomHead } from './rooms.table.ts';
import { writeRoom } from './write-room.ts';

export interface MemberAction {
  readonly sender: UserId;
  /** Of whom the event is about, for invites, joins and knocks. */
  readonly profile?: MemberProfile | undefined;
  readonly reason?: string | undefined;
  readonly isGuest?: boolean;
  /** Further keys of the content, as the client wants them. A name or picture among them wins over the profile. */
  readonly content?: JsonObject | undefined;
  /** Milliseconds since 1970; only appservices set it. */
  readonly ts?: number | undefined;
  /** The server takes the user out: no invite binds then. */
  readonly isForced?: boolean;
}

/** What a client may not put into a membership: the server says it, or proves it. */
const OWN_KEYS: ReadonlySet<string> = new Set([
  'membership',
  'reason',
  'join_authorised_via_users_server',
  'third_party_invite',
  'third_party_signed',
]);

/** The content of the new membership event. */
export function contentOf(membership: Membership, action: MemberAction, more: JsonObject = {}): JsonObject {
  const asked = Object.entries(action.content ?? {}).filter(([key]) => !OWN_KEYS.has(key));
  const reason = action.reason === undefined ? {} : { reason: action.reason };
  return memberContent(membership, action.profile, { ...Object.fromEntries(asked), ...reason, ...more });
}

async function change(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  action: MemberAction,
  target: UserId,
  content: JsonObject,
): Promise<EventId> {
  const { sender, ts } = action;
  return (await append(parts, tx, room, { type: 'm.room.member', stateKey: target, sender, content, ts })).event.id;
}

/** The ID of the event that a membership comes from. */
async function eventIdOf(parts: RoomsParts, tx: Tx, { eventNid }: { eventNid: number }): Promise<EventId> {
  const stored = await parts.events.byNid(tx, eventNid);
  if (stored === undefined) throw new Error(`member event ${eventNid} does not exist`);
  return stored.event.id;
}

/**
 * Joins a room that we are in; nothing happens to one who is in it and says nothing new.
 *
 * @throws MatrixError M_FORBIDDEN, M_GUEST_ACCESS_FORBIDDEN, M_UNABLE_TO_AUTHORISE_JOIN, M_UNABLE_TO_GRANT_JOIN
 */
export function join(parts: RoomsParts, room: Room, action: MemberAction): Promise<EventId> {
  return writeRoom(parts, room, async tx => {
    await requireNotBlocked(tx, room.roomId);
    const current = await currentMembership(parts, tx, room, action.sender);
    const bare = contentOf('join', { ...action, profile: undefined, reason: undefined });
    if (current?.membership === 'join' && Object.keys(bare).length === 1) return eventIdOf(parts, tx, current);
    if (action.isGuest === true) await checkGuest(parts, tx, room);
    const authoriser =
      current?.membership === 'invite' || current?.membership === 'join'
        ? undefined
        : await authoriserOf(parts, tx, room, action.sender);
    const extra = authoriser === undefined ? {} : { join_authorised_via_users_server: authoriser };
    return change(parts, tx, room, action, action.sender, contentOf('join', action, extra));
  });
}

/** Guests come in where the room says so (client-server API, "Guest Access"). */
async function checkGuest(parts: RoomsParts, tx: Tx, room: Room): Promise<void> {
  const { state_root: root } = await roomHead(tx, room.nid);
  const access = await parts.state.event(tx, room, root, 'm.room.guest_access');
  if (access === undefined || getString(access.content, 'guest_access') !== 'can_join') {
    throw new MatrixError('M_GUEST_ACCESS_FORBIDDEN', 'Guests may not join this room.');
  }
}

/** Invites a user. @throws MatrixError M_FORBIDDEN, M_INVITE_BLOCKED; for others' users also as `inviteElsewhere` */
export function invite(parts: RoomsParts, room: Room, action: MemberAction, target: UserId): Promise<EventId> {
  if (parts.memberships !== undefined && domainOf(target) !== parts.serverName) {
    const content = contentOf('invite', action);
    return inviteElsewhere(parts, parts.memberships, room, { sender: action.sender, ts: action.ts, content, target });
  }
  return writeRoom(parts, room, async tx => {
    const current = await currentMembership(parts, tx, room, target);
    if (current?.membership === 'join') throw forbidden('That user is already in the room.');
    await requireNotBlocked(tx, room.roomId);
    await checkInvite(parts, tx, action.sender, target);
    return change(parts, tx, room, action, target, contentOf('invite', action));
  });
}

/** Asks to be let in. @throws MatrixError M_FORBIDDEN */
export function knock(parts: RoomsParts, room: Room, action: MemberAction): Promise<EventId> {
  return writeRoom(parts, room, async tx => {
    await requireNotBlocked(tx, room.roomId);
    return change(parts, tx, room, action, action.sender, contentOf('knock', action));
  });
}

/**
 * Leaves, declines an invite or takes back a knock; nothing happens to one who is out already.
 *
 * @throws MatrixError M_FORBIDDEN, M_CANNOT_LEAVE_SERVER_NOTICE_ROOM
 */
export function leave(parts: RoomsParts, room: Room, action: MemberAction): Promise<EventId> {
  return writeRoom(parts, room, async tx => {
    const current = await currentMembership(parts, tx, room, action.sender);
    if (current === undefined || current.membership === 'ban') throw forbidden('You are not in this room.');
    if (current.membership === 'leave') return eventIdOf(parts, tx, current);
    if (current.membership === 'invite' && action.isForced !== true) await requireNoNotice(tx, room);
    return change(parts, tx, room, action, action.sender, contentOf('leave', action));
  });
}

/** What the server has to say must be read once; after that the room can be left (client-server API, "Server Notices"). */
async function requireNoNotice(tx: Tx, room: Room): Promise<void> {
  if (await isNoticeRoom(tx, room.nid)) {
    throw new MatrixError(
      'M_CANNOT_LEAVE_SERVER_NOTICE_ROOM',
      'This room is for notices of the server. Read them first.',
    );
  }
}

const PRESENT: ReadonlySet<Membership | undefined> = new Set(['join', 'invite', 'knock']);

/** Throws somebody out. @throws MatrixError M_FORBIDDEN */
export function kick(parts: RoomsParts, room: Room, action: MemberAction, target: UserId): Promise<EventId> {
  return writeRoom(parts, room, async tx => {
    const current = await currentMembership(parts, tx, room, target);
    if (!PRESENT.has(current?.membership)) throw forbidden('That user is not in the room.');
    return change(parts, tx, room, action, target, contentOf('leave', action));
  });
}

export function ban(parts: RoomsParts, room: Room, action: MemberAction, target: UserId): Promise<EventId> {
  return writeRoom(parts, room, tx => change(parts, tx, room, action, target, contentOf('ban', action)));
}

/** Lifts a ban. @throws MatrixError M_FORBIDDEN, M_BAD_STATE where there is none */
export function unban(parts: RoomsParts, room: Room, action: MemberAction, target: UserId): Promise<EventId> {
  return writeRoom(parts, room, async tx => {
    const current = await currentMembership(parts, tx, room, target);
    if (current?.membership !== 'ban')
      throw new MatrixError('M_BAD_STATE', 'That user is not banned.', { status: 403 });
    return change(parts, tx, room, action, target, contentOf('leave', action));
  });
}

/** Takes a room that was left off the user's lists for good. @throws MatrixError M_UNKNOWN while still in it */
export function forget(parts: RoomsParts, room: Room, userId: UserId): Promise<void> {
  return writeRoom(parts, room, async tx => {
    const current = await currentMembership(parts, tx, room, userId);
    if (PRESENT.has(current?.membership)) {
      throw new MatrixError('M_UNKNOWN', 'A room can be forgotten once you have left it.', { status: 400 });
    }
    const userNid = await parts.nids.users.findOne(tx, userId);
    if (userNid !== undefined) await setForgotten(tx, room.nid, userNid);
  });
}

/** Writes a user's new profile into the membership of a room they are in. */
export function updateProfile(parts: RoomsParts, room: Room, userId: UserId, profile: MemberProfile): Promise<void> {
  return writeRoom(parts, room, async tx => {
    const current = await currentMembership(parts, tx, room, userId);
    if (current?.membership !== 'join') return;
    const event = await parts.events.byNid(tx, current.eventNid);
    const {
      displayname: _name,
      avatar_url: _avatar,
      join_authorised_via_users_server: _via,
      ...rest
    } = event?.event.content ?? {};
    await change(parts, tx, room, { sender: userId }, userId, memberContent('join', profile, rest));
  });
}
