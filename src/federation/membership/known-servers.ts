import { domainOfId, type RoomId, type ServerName, type UserId } from '../../core/ids.ts';
import { getString, isObject, type JsonObject } from '../../core/json.ts';
import { currentMembership } from '../../rooms/current-membership.ts';
import { outOfBandState } from '../../rooms/out-of-band.table.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import type { Room } from '../../rooms/room.ts';
import { largestServers } from '../../rooms/room-domains.table.ts';
import { candidates } from './servers-in-turn.ts';

/**
 * Servers that may be in a room, the likeliest first: those that the client names and those that the user was told of.
 * Where there are none, those that we know from an earlier stay; then the server in the room ID: that it made the room
 * says nothing of where the room is now (appendices, "Room IDs").
 */
export async function serversFor(rooms: RoomsParts, wish: Wish): Promise<ServerName[]> {
  const { serverName } = rooms;
  const room = await rooms.rooms.find(rooms.db, wish.roomId);
  const told = room === undefined ? [] : await toldServers(rooms, room, wish.userId);
  const named = candidates(serverName, wish.via, told);
  if (named.length > 0) return named;
  const earlier = room === undefined ? [] : candidates(serverName, await earlierServers(rooms, room));
  return earlier.length > 0 ? earlier : candidates(serverName, [domainOfId(wish.roomId)]);
}

interface Wish {
  readonly roomId: RoomId;
  readonly userId: UserId;
  readonly via: readonly string[];
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
