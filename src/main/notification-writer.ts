import type { Accounts } from '../accounts/accounts.ts';
import { notificationLevel, userLevel } from '../core/auth/power-levels.ts';
import type { UserId } from '../core/ids.ts';
import { getString } from '../core/json.ts';
import type { Tx } from '../db/database.ts';
import type { Notifications } from '../push/notifications.ts';
import type { PushEvaluator } from '../push/push-evaluator.ts';
import type { PushMember } from '../push/push-subject.ts';
import { isInviteHidden } from '../rooms/invite-permission.ts';
import { getMember, joinedOfDomain } from '../rooms/members.table.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import type { NotificationWriter } from '../rooms/ports.ts';
import { MEMBERSHIPS, type Room, type StoredEvent } from '../rooms/room.ts';
import { roomHead } from '../rooms/rooms.table.ts';
import { threadOf } from '../rooms/thread-of.ts';

export interface NotificationWriterParts {
  readonly rooms: () => RoomsParts;
  readonly accounts: () => Accounts;
  readonly evaluator: PushEvaluator;
  readonly notifications: Notifications;
}

/** Whom an accepted event notifies, evaluated once for all local members, and what its sender has read by sending it. */
export function notificationWriter(parts: NotificationWriterParts): NotificationWriter {
  return { eventAccepted: (tx, room, stored) => eventAccepted(parts, tx, room, stored) };
}

async function eventAccepted(
  parts: NotificationWriterParts,
  tx: Tx,
  room: Room,
  stored: StoredEvent & { readonly pos: number },
): Promise<void> {
  const rooms = parts.rooms();
  const { event } = stored;
  const thread = await threadOf(rooms, tx, room, stored);
  const senderNid = await rooms.nids.users.findOne(tx, event.sender);
  // "When the user updates their read receipt (... or by sending an event), notifications ... MUST be marked as read".
  if (senderNid !== undefined && event.sender.endsWith(`:${rooms.serverName}`)) {
    await parts.notifications.clearUpTo(tx, senderNid, room.nid, thread, stored.pos);
  }
  const outNid = await whoIsOut(rooms, tx, room, stored);
  if (outNid !== undefined) await parts.notifications.clearUpTo(tx, outNid, room.nid, undefined, stored.pos);
  const joinedLocal = await localMembers(rooms, tx, room);
  const invitedLocal = await invited(rooms, tx, stored);
  if (joinedLocal.length === 0 && invitedLocal === undefined) return;
  const head = await roomHead(tx, room.nid);
  const state = await rooms.state.lookup(tx, room, stored.roomRoot, [
    ['m.room.create', ''],
    ['m.room.power_levels', ''],
  ]);
  const { type, sender, content, stateKey, id: eventId } = event;
  const notified = await parts.evaluator.evaluateForMembers(
    tx,
    { type, sender, roomId: room.roomId, content, stateKey, eventId },
    {
      memberCount: head.joined_count,
      senderLevel: () => userLevel(state, sender),
      notificationLevel: key => notificationLevel(state, key),
      joinedLocal,
      invitedLocal,
    },
  );
  if (notified.length === 0) return;
  // When it is told: what an event says of its own time is for its sender to choose.
  const ts = rooms.clock.now();
  const ignorers = await parts.accounts().ignored.ignorersOf(tx, sender);
  const rows = notified
    .filter(({ userNid }) => !ignorers.has(userNid))
    .map(({ userNid, highlight, actions }) => ({
      userNid,
      highlight,
      actions,
      thread,
      roomNid: room.nid,
      pos: stored.pos,
      eventNid: stored.nid,
      ts,
    }));
  await parts.notifications.add(tx, rows);
}

async function localMembers(rooms: RoomsParts, tx: Tx, room: Room): Promise<PushMember[]> {
  const domainNid = await rooms.nids.domains.findOne(tx, rooms.serverName);
  if (domainNid === undefined) return [];
  const rows = await joinedOfDomain(tx, room.nid, domainNid);
  const names = await rooms.nids.users.names(
    tx,
    rows.map(row => row.user_nid),
  );
  return rows.flatMap(row => {
    const userId = names.get(row.user_nid);
    return userId === undefined ? [] : [{ userNid: row.user_nid, userId, displayName: row.display_name ?? undefined }];
  });
}

/**
 * The number of the local user whom an event takes out of the room, or whose invite it ends. Nothing of what they got there is
 * unread any more: a badge counts what is new in the rooms that one is in (push gateway API, `counts.unread`).
 */
async function whoIsOut(rooms: RoomsParts, tx: Tx, room: Room, { event }: StoredEvent): Promise<number | undefined> {
  if (event.type !== 'm.room.member' || event.stateKey?.endsWith(`:${rooms.serverName}`) !== true) return undefined;
  const userNid = await rooms.nids.users.findOne(tx, event.stateKey as UserId);
  const row = userNid === undefined ? undefined : await getMember(tx, room.nid, userNid);
  return row !== undefined && OUT.has(row.membership) ? userNid : undefined;
}

const OUT: ReadonlySet<number> = new Set([MEMBERSHIPS.leave, MEMBERSHIPS.ban]);

/** The local user whom an event invites. */
async function invited(rooms: RoomsParts, tx: Tx, { event }: StoredEvent): Promise<PushMember | undefined> {
  if (event.type !== 'm.room.member' || getString(event.content, 'membership') !== 'invite') return undefined;
  const userId = event.stateKey as UserId;
  if (!userId.endsWith(`:${rooms.serverName}`)) return undefined;
  const userNid = await rooms.nids.users.findOne(tx, userId);
  if (userNid === undefined || (await isInviteHidden(rooms, tx, userNid, event.sender))) return undefined;
  return { userNid, userId, displayName: undefined };
}
