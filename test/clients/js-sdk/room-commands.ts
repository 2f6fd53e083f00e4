import { EventType, type ICreateRoomOpts, KnownMembership, Preset, type RoomMember } from 'matrix-js-sdk';
import type { Device } from './device.ts';

export interface MemberView {
  readonly membership: string | undefined;
  readonly displayName: string;
}

/** Rooms and who is in them. */
export const roomCommands = (device: Device) => ({
  async createRoom(options: ICreateRoomOpts = {}) {
    const { room_id } = await device.client.createRoom({ preset: Preset.PrivateChat, ...options });
    return room_id;
  },

  async createEncryptedRoom(options: ICreateRoomOpts = {}) {
    const encryption = {
      type: EventType.RoomEncryption,
      state_key: '',
      content: { algorithm: 'm.megolm.v1.aes-sha2' },
    };
    const { room_id } = await device.client.createRoom({
      preset: Preset.PrivateChat,
      initial_state: [encryption],
      ...options,
    });
    return room_id;
  },

  async invite(roomId: string, userId: string) {
    await device.client.invite(roomId, userId);
  },

  async join(roomIdOrAlias: string) {
    const { roomId } = await device.client.joinRoom(roomIdOrAlias);
    return roomId;
  },

  async leave(roomId: string) {
    await device.client.leave(roomId);
  },

  async kick(roomId: string, userId: string, reason: string) {
    await device.client.kick(roomId, userId, reason);
  },

  async ban(roomId: string, userId: string, reason: string) {
    await device.client.ban(roomId, userId, reason);
  },

  async unban(roomId: string, userId: string) {
    await device.client.unban(roomId, userId);
  },

  async forget(roomId: string) {
    await device.client.forget(roomId);
  },

  async createAlias(alias: string, roomId: string) {
    await device.client.createAlias(alias, roomId);
  },

  async deleteAlias(alias: string) {
    await device.client.deleteAlias(alias);
  },

  async roomIdOf(alias: string) {
    return (await device.client.getRoomIdForAlias(alias)).room_id;
  },

  async setDisplayName(name: string) {
    await device.client.setDisplayName(name);
  },

  async setAvatar(uri: string) {
    await device.client.setAvatarUrl(uri);
  },

  async setRoomName(roomId: string, name: string) {
    await device.client.setRoomName(roomId, name);
  },

  async setPowerLevel(roomId: string, userId: string, level: number) {
    await device.client.setPowerLevel(roomId, userId, level);
  },

  /** The rooms that this client shows as invitations. */
  invitations() {
    const rooms = device.client.getRooms().filter(room => room.getMyMembership() === KnownMembership.Invite);
    return rooms.map(room => room.roomId);
  },

  /** The room as this client shows it; undefined for one that it has not heard of. */
  room(roomId: string) {
    const room = device.client.getRoom(roomId);
    if (room === null) return undefined;
    return {
      membership: room.getMyMembership(),
      name: room.name,
      version: room.getVersion(),
      encrypted: room.hasEncryptionStateEvent(),
      typing: room.currentState
        .getMembers()
        .filter(({ typing }) => typing)
        .map(({ userId }) => userId),
    };
  },

  /** Everybody the room knows of, as this client shows them. */
  async members(roomId: string): Promise<Record<string, MemberView>> {
    const room = device.room(roomId);
    await room.loadMembersIfNeeded();
    return Object.fromEntries(room.currentState.getMembers().map(member => [member.userId, view(member)]));
  },

  /** What a membership event says: who wrote it and why. */
  memberEvent(roomId: string, userId: string) {
    const event = device.room(roomId).currentState.getStateEvents(EventType.RoomMember, userId);
    return event === null ? undefined : { sender: event.getSender(), content: event.getContent() };
  },

  async profile(userId: string) {
    return device.client.getProfileInfo(userId);
  },
});

function view({ membership, name }: RoomMember): MemberView {
  return { membership, displayName: name };
}
