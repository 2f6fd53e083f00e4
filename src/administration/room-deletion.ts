import type { RoomId, UserId } from '../core/ids.ts';
import { isUserId } from '../core/ids.ts';
import { getArray, getBoolean, getInteger, getString, type JsonObject } from '../core/json.ts';
import { invalidParam, MatrixError, notFound } from '../core/matrix-error.ts';
import { aliasesOf, moveAliases, removeAlias } from '../rooms/aliases.table.ts';
import { blockRoom } from '../rooms/blocked-rooms.table.ts';
import { createRoom } from '../rooms/create-room.ts';
import { recordDeparture } from '../rooms/departures.table.ts';
import { clientEvent } from '../rooms/event-format.ts';
import { readersBehind } from '../rooms/log-reader.table.ts';
import type { MemberProfile } from '../rooms/member-content.ts';
import { joinedOfDomain, presentOfDomain, setForgotten } from '../rooms/members.table.ts';
import { join, leave } from '../rooms/membership.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import type { Room } from '../rooms/room.ts';
import { lastEntryOf } from '../rooms/room-log.table.ts';
import { clearRemains, type RoomRemover, takeAway } from '../rooms/room-remains.ts';
import { setPublic } from '../rooms/rooms.table.ts';
import { sendEvent } from '../rooms/send.ts';
import { nextUserPos } from '../rooms/user-log.table.ts';
import type { Task, TaskRunner, TaskStep, Tasks } from './tasks.ts';

export const DELETE_ROOM = 'delete_room';

/** What an administrator wants done with a room. */
export interface RoomDeletionWish {
  /** Keeps the users of this server out from now on. */
  readonly block: boolean;
  /** Deletes it from the database once they are out. */
  readonly purge: boolean;
  /** Even where some of them could not be taken out. */
  readonly forcePurge: boolean;
  /** Who makes a room for those who were in this one, and says why; undefined: nobody does. */
  readonly newRoomUser: string | undefined;
  readonly newRoomName: string | undefined;
  readonly message: string | undefined;
}

export interface RoomDeletionParts {
  readonly rooms: RoomsParts;
  readonly remover: RoomRemover;
  readonly profileFor: (userId: UserId) => Promise<MemberProfile>;
  readonly defaultRoomVersion: string;
}

const DEFAULT_NAME = 'Content Violation Notification';
const DEFAULT_MESSAGE =
  'Sharing illegal content on this server is not permitted and rooms in violation will be blocked.';
/** Users who are taken out in one step. */
const USERS_AT_ONCE = 20;
/** Whoever follows the room log gets so long to see that the users left; a reader that is gone for good holds up nothing. */
const LONGEST_WAIT_MS = 10 * 60_000;
const LOOK_AGAIN_MS = 500;

const NOTHING_DONE: JsonObject = {
  kicked_users: [],
  failed_to_kick_users: [],
  local_aliases: [],
  new_room_id: null,
};

/** Takes the users of this server out of a room, and the room out of this server, step by step. */
export class RoomDeletion implements TaskRunner {
  readonly #parts: RoomDeletionParts;

  constructor(parts: RoomDeletionParts) {
    this.#parts = parts;
  }

  /**
   * Writes the wish down; it is carried out from then on. A room that is not known can be blocked.
   *
   * @throws MatrixError M_NOT_FOUND, M_INVALID_PARAM, M_UNKNOWN (400) when the room is being deleted already
   */
  async begin(tasks: Tasks, roomId: RoomId, by: { readonly userNid: number }, wish: RoomDeletionWish): Promise<Task> {
    const { rooms } = this.#parts;
    const { newRoomUser } = wish;
    if (newRoomUser !== undefined && !(isUserId(newRoomUser) && newRoomUser.endsWith(`:${rooms.serverName}`))) {
      throw invalidParam('new_room_user_id must be a user of this server.');
    }
    const room = await rooms.rooms.find(rooms.db, roomId);
    if (room === undefined && !wish.block) throw notFound('This server does not know that room.');
    const running = await tasks.list({ action: DELETE_ROOM, resource: roomId });
    if (running.some(({ status }) => status === 'scheduled' || status === 'active')) {
      throw new MatrixError('M_UNKNOWN', 'This room is being deleted already.', { status: 400 });
    }
    const args: JsonObject = {
      by: by.userNid,
      block: wish.block,
      purge: wish.purge,
      force_purge: wish.forcePurge,
      new_room_user: newRoomUser ?? null,
      new_room_name: wish.newRoomName ?? DEFAULT_NAME,
      message: wish.message ?? DEFAULT_MESSAGE,
    };
    return tasks.schedule(DELETE_ROOM, roomId, args, NOTHING_DONE);
  }

  async step(task: Task): Promise<TaskStep> {
    const { rooms } = this.#parts;
    const roomId = task.resource as RoomId;
    const phase = getString(task.progress, 'phase');
    if (phase === 'clear') return this.#clear(task, roomId);
    const room = await rooms.rooms.find(rooms.db, roomId);
    if (phase === undefined) return this.#begin(task, roomId, room);
    // Taken away already: only the note of it was lost.
    if (room === undefined) return { ...task, isDone: false, progress: { phase: 'clear' } };
    if (phase === 'users') return this.#takeOut(task, room);
    return this.#settle(task, room);
  }

  /** Blocks it, takes its aliases, makes the new room. */
  async #begin(task: Task, roomId: RoomId, room: Room | undefined): Promise<TaskStep> {
    const { rooms } = this.#parts;
    const { args } = task;
    if (getBoolean(args, 'block') === true) {
      await rooms.db.tx(tx => blockRoom(tx, roomId, getInteger(args, 'by') ?? 0, rooms.clock.now()));
    }
    if (room === undefined) return { ...task, isDone: true };
    const newRoomId = await this.#newRoom(args);
    const aliases = await aliasesOf(rooms.db, roomId);
    await rooms.db.tx(async tx => {
      await setPublic(tx, room.nid, false);
      if (newRoomId !== undefined) await moveAliases(tx, roomId, newRoomId);
      else for (const alias of aliases) await removeAlias(tx, alias);
    });
    const result = { ...task.result, local_aliases: aliases, new_room_id: newRoomId ?? null };
    return { isDone: false, progress: { phase: 'users', after: 0 }, result };
  }

  async #newRoom(args: JsonObject): Promise<RoomId | undefined> {
    const { rooms, profileFor, defaultRoomVersion } = this.#parts;
    const creator = getString(args, 'new_room_user') as UserId | undefined;
    if (creator === undefined) return undefined;
    const roomId = await createRoom(rooms, {
      creator,
      creatorProfile: await profileFor(creator),
      version: defaultRoomVersion,
      preset: 'public_chat',
      visibility: 'private',
      name: getString(args, 'new_room_name'),
      invite: [],
      isDirect: false,
      creationContent: {},
      initialState: [],
      powerLevelOverride: { users_default: -10 },
    });
    const room = await rooms.rooms.get(rooms.db, roomId);
    const content = { msgtype: 'm.text', body: getString(args, 'message') ?? '' };
    await sendEvent(rooms, room, { type: 'm.room.message', sender: creator, content }, undefined);
    return roomId;
  }

  /** Takes some users of this server out. Whom the rules hold back is noted; the others go on. */
  async #takeOut(task: Task, room: Room): Promise<TaskStep> {
    const { rooms } = this.#parts;
    const domainNid = (await rooms.nids.domains.findOne(rooms.db, rooms.serverName)) ?? 0;
    const after = getInteger(task.progress, 'after') ?? 0;
    const nids = await presentOfDomain(rooms.db, room.nid, domainNid, { after, limit: USERS_AT_ONCE });
    if (nids.length === 0) {
      const purge = getBoolean(task.args, 'purge') !== false;
      return { ...task, isDone: !purge, progress: { phase: 'settle', since: rooms.clock.now() } };
    }
    const names = await rooms.nids.users.names(rooms.db, nids);
    const kicked = [...(getArray(task.result, 'kicked_users') ?? [])];
    const failed = [...(getArray(task.result, 'failed_to_kick_users') ?? [])];
    const newRoomId = getString(task.result, 'new_room_id') as RoomId | undefined;
    for (const userNid of nids) {
      const userId = names.get(userNid);
      if (userId === undefined) continue;
      const isOut = await this.#takeOutOne(room, { userId, userNid }, newRoomId);
      (isOut ? kicked : failed).push(userId);
    }
    const result = { ...task.result, kicked_users: kicked, failed_to_kick_users: failed };
    return { isDone: false, progress: { phase: 'users', after: nids.at(-1) ?? after }, result };
  }

  async #takeOutOne(
    room: Room,
    { userId, userNid }: { readonly userId: UserId; readonly userNid: number },
    newRoomId: RoomId | undefined,
  ): Promise<boolean> {
    const { rooms, profileFor } = this.#parts;
    try {
      const eventId = await leave(rooms, room, { sender: userId, isForced: true });
      const stored = await rooms.events.byId(rooms.db, eventId);
      await rooms.db.tx(async tx => {
        await setForgotten(tx, room.nid, userNid);
        if (stored === undefined) return;
        const pos = await nextUserPos(tx, rooms.bus, userNid);
        const event = JSON.stringify(clientEvent(stored, { withoutRoomId: true }));
        await recordDeparture(tx, userNid, { room_id: room.roomId, pos, ts: rooms.clock.now(), event });
      });
      if (newRoomId === undefined) return true;
      const newRoom = await rooms.rooms.get(rooms.db, newRoomId);
      await join(rooms, newRoom, { sender: userId, profile: await profileFor(userId) });
      return true;
    } catch (error) {
      if (!(error instanceof MatrixError)) throw error;
      rooms.log.warn('A user could not be taken out of a room.', {
        room: room.roomId,
        user: userId,
        reason: error.message,
      });
      return false;
    }
  }

  /** Waits until those who follow the room log have seen the users leave, and takes the room away. */
  async #settle(task: Task, room: Room): Promise<TaskStep> {
    const { rooms } = this.#parts;
    const domainNid = (await rooms.nids.domains.findOne(rooms.db, rooms.serverName)) ?? 0;
    const left = await joinedOfDomain(rooms.db, room.nid, domainNid);
    if (left.length > 0 && getBoolean(task.args, 'force_purge') !== true) {
      throw new MatrixError(
        'M_UNKNOWN',
        `${left.length} users of this server are still in the room. force_purge deletes it all the same.`,
      );
    }
    const waited = rooms.clock.now() - (getInteger(task.progress, 'since') ?? 0);
    const behind = await readersBehind(rooms.db, room.shard, await lastEntryOf(rooms.db, room.nid));
    if (behind.length > 0 && waited < LONGEST_WAIT_MS) {
      const progress = { ...task.progress, waiting_for: behind };
      return { ...task, isDone: false, progress, wait: LOOK_AGAIN_MS };
    }
    await takeAway(rooms, room);
    return { ...task, isDone: false, progress: { phase: 'clear', cleared: 0 } };
  }

  async #clear(task: Task, roomId: RoomId): Promise<TaskStep> {
    const { rooms, remover } = this.#parts;
    const cleared = await clearRemains(rooms, roomId, remover);
    const sum = (getInteger(task.progress, 'cleared') ?? 0) + cleared;
    return { ...task, isDone: cleared === 0, progress: { phase: 'clear', cleared: sum } };
  }
}
