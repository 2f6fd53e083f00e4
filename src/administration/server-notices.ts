import type { AccountData } from '../accounts/account-data.ts';
import { setProfileField } from '../accounts/profile.table.ts';
import type { User, Users } from '../accounts/users.ts';
import type { EventId, UserId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { invalidParam } from '../core/matrix-error.ts';
import { createRoom } from '../rooms/create-room.ts';
import { currentMembership } from '../rooms/current-membership.ts';
import type { MemberProfile } from '../rooms/member-content.ts';
import { invite } from '../rooms/membership.ts';
import { noticeRoomOf, setNoticeRoom } from '../rooms/notice-rooms.table.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import type { Room } from '../rooms/room.ts';
import { sendEvent, sendState, type TransactionKey } from '../rooms/send.ts';

export interface NoticeSettings {
  /** The user that the server speaks through. */
  readonly sender: UserId;
  readonly senderName: string;
  readonly roomName: string;
  readonly roomTopic: string;
}

export interface ServerNoticesParts {
  readonly rooms: RoomsParts;
  readonly users: Users;
  readonly accountData: AccountData;
  readonly profileFor: (userId: UserId) => Promise<MemberProfile>;
  readonly settings: NoticeSettings;
  readonly defaultRoomVersion: string;
}

export interface Notice {
  readonly type: string;
  readonly content: JsonObject;
  /** The notice is state where there is one. */
  readonly stateKey: string | undefined;
}

/** What the server itself tells a user, in a room of their own (client-server API, "Server Notices"). */
export class ServerNotices {
  readonly #parts: ServerNoticesParts;

  constructor(parts: ServerNoticesParts) {
    this.#parts = parts;
  }

  /**
   * Sends a notice to a user of this server, whom it invites where they are not in their room. The same key gives the
   * same notice.
   *
   * @throws MatrixError M_INVALID_PARAM for accounts that are closed
   */
  async send(user: User, notice: Notice, key: TransactionKey | undefined): Promise<EventId> {
    const { rooms, settings } = this.#parts;
    if (user.isDeactivated) throw invalidParam('The account is closed: nobody would read a notice.');
    const room = await this.#roomOf(user);
    const membership = (await currentMembership(rooms, rooms.db, room, user.userId))?.membership;
    if (membership !== 'join' && membership !== 'invite') {
      const action = { sender: settings.sender, profile: await this.#parts.profileFor(user.userId) };
      await invite(rooms, room, action, user.userId);
    }
    const { type, content, stateKey } = notice;
    const draft = { type, sender: settings.sender, content };
    if (stateKey !== undefined) return sendState(rooms, room, { ...draft, stateKey });
    return sendEvent(rooms, room, draft, key);
  }

  /** The user's room for notices, unless it is gone or the server has left it: then a new one. */
  async #roomOf(user: User): Promise<Room> {
    const { rooms, settings } = this.#parts;
    const nid = await noticeRoomOf(rooms.db, user.userNid);
    const known = nid === undefined ? undefined : (await rooms.rooms.byNids(rooms.db, [nid])).get(nid);
    if (known !== undefined) {
      const own = await currentMembership(rooms, rooms.db, known, settings.sender);
      if (own?.membership === 'join') return known;
    }
    return this.#makeRoom(user);
  }

  async #makeRoom(user: User): Promise<Room> {
    const { rooms, settings, accountData, profileFor, defaultRoomVersion } = this.#parts;
    await this.#ensureSender();
    const roomId = await createRoom(rooms, {
      creator: settings.sender,
      creatorProfile: { displayName: settings.senderName },
      version: defaultRoomVersion,
      preset: 'private_chat',
      visibility: 'private',
      name: settings.roomName,
      topic: settings.roomTopic,
      invite: [{ userId: user.userId, profile: await profileFor(user.userId) }],
      isDirect: false,
      creationContent: { 'm.federate': false },
      initialState: [],
      // The user reads; nobody else is there to answer.
      powerLevelOverride: { users_default: -10 },
    });
    const room = await rooms.rooms.get(rooms.db, roomId);
    await rooms.db.tx(tx => setNoticeRoom(tx, user.userNid, room.nid));
    await accountData.setTag(user.userNid, roomId, 'm.server_notice', {});
    return room;
  }

  /** The sender is an account that nobody can log in to. */
  async #ensureSender(): Promise<void> {
    const { rooms, users, settings } = this.#parts;
    const { sender: userId, senderName } = settings;
    if ((await users.find(userId)) !== undefined) return;
    await rooms.db.tx(async tx => {
      const userNid = await users.create(tx, { userId });
      await setProfileField(tx, userNid, 'displayname', JSON.stringify(senderName));
    });
  }
}
