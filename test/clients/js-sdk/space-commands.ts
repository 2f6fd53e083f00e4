import { EventType, type ICreateRoomOpts, JoinRule, Preset, RoomType, type Visibility } from 'matrix-js-sdk';
import type { Device } from './device.ts';

/** Spaces, rooms that not everybody may join, and the ways to find rooms. */
export const spaceCommands = (device: Device) => ({
  async createSpace(name: string) {
    const { room_id } = await device.client.createRoom({
      name,
      preset: Preset.PublicChat,
      creation_content: { type: RoomType.Space },
    });
    return room_id;
  },

  async addToSpace(spaceId: string, roomId: string) {
    const content = { via: [device.client.getDomain() ?? ''] };
    await device.client.sendStateEvent(spaceId, EventType.SpaceChild, content, roomId);
  },

  /** The rooms of a space as they are shown to this user, from the top: name by room. */
  async hierarchy(spaceId: string) {
    const { rooms } = await device.client.getRoomHierarchy(spaceId, 50, 3);
    return Object.fromEntries(rooms.map(room => [room.room_id, room.name]));
  },

  async summary(roomId: string) {
    const {
      name,
      membership,
      join_rule: joinRule,
      num_joined_members: members,
    } = await device.client.getRoomSummary(roomId);
    return { name, membership, joinRule, members };
  },

  /** A room that members of `spaceId` may join; without a space one where everybody has to knock. */
  async createGuardedRoom(name: string, spaceId?: string) {
    const rules =
      spaceId === undefined
        ? { join_rule: JoinRule.Knock }
        : { join_rule: JoinRule.Restricted, allow: [{ type: 'm.room_membership', room_id: spaceId }] };
    const options: ICreateRoomOpts = {
      name,
      preset: Preset.PrivateChat,
      initial_state: [{ type: EventType.RoomJoinRules, state_key: '', content: rules }],
    };
    return (await device.client.createRoom(options)).room_id;
  },

  async knock(roomId: string, reason: string) {
    return (await device.client.knockRoom(roomId, { reason })).room_id;
  },

  async upgrade(roomId: string, version: string) {
    return (await device.client.upgradeRoom(roomId, version)).replacement_room;
  },

  /** Where a room went, and where it came from, as this client knows it. */
  upgradeOf(roomId: string) {
    const room = device.room(roomId);
    const tombstone = room.currentState.getStateEvents(EventType.RoomTombstone, '');
    return {
      replacement: tombstone?.getContent().replacement_room as string | undefined,
      predecessor: room.findPredecessor()?.roomId,
    };
  },

  async publish(roomId: string, visibility: string) {
    await device.client.setRoomDirectoryVisibility(roomId, visibility as Visibility);
  },

  /** The names in the room directory that fit, and the number of all of them. */
  async directory(term?: string) {
    const filter = term === undefined ? {} : { filter: { generic_search_term: term } };
    const { chunk, total_room_count_estimate: total } = await device.client.publicRooms({ limit: 20, ...filter });
    return { names: chunk.map(room => room.name), total };
  },
});
