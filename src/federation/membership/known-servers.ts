import { domainOfId, type RoomId, type ServerName, type UserId } from '../../core/ids.ts';
import { getString, isObject, type JsonObject } from '../../core/json.ts';
import { currentMembership } from '../../rooms/current-membership.ts';
import { outOfBandState } from '../../rooms/out-of-band.table.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import type { Room } from '../../rooms/room.ts';
import { largestServers } from '../../rooms/room-domains.table.ts';

/** Servers that may be in a room, by what a user of ours was told of it and what we know from an earlier stay; the likeliest first. */
export async function knownServers(rooms: RoomsParts, roomId: RoomId, userId: UserId): Promise<string[]> {
  const room = await rooms.rooms.find(rooms.db, roomId);
  const told = room === undefined ? [] : await toldServers(rooms, room, userId);
  const earlier = room === undefined ? [] : await earlierServers(rooms, room);
  return [...told, ...earlier, domainOfId(roomId)].filter(name => name !== undefined);
}

/** Who invited the user, and who is named in what came with the invite or knock. */
async function toldServers(rooms: RoomsParts, room: Room, userId: UserId): Promise<(ServerName | undefined)[]> {
  const userNid = await rooms.nids.users.findOne(rooms.db, userId);
  const current = await currentMembership(rooms, rooms.db, room, userId);
  if (userNid === undefined || current === undefined) return [];
  const member = await rooms.events.byNid(rooms.db, current.eventNid);
  const text = await outOfBandState(rooms.db, room.nid, userNid);
  const state = text === undefined ? [] : (JSON.parse(text) as JsonObject[]).filter(isObject);
  const senders = [member?.event.sender, ...state.map(event => getString(event, 'sender'))];
  return senders.map(sender => (sender === undefined ? undefined : domainOfId(sender)));
}

async function earlierServers(rooms: RoomsParts, room: Room): Promise<ServerName[]> {
  const names = await rooms.nids.domains.names(rooms.db, await largestServers(rooms.db, room.nid, 10));
  return [...names.values()];
}
