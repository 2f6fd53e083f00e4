import type { JsonObject } from '../core/json.ts';
import type { Queryable } from '../db/database.ts';
import type { RoomsParts } from './parts.ts';
import type { Room, StoredEvent } from './room.ts';
import type { StateKeyPair } from './room-state.ts';

/** What a user who is not in a room is told of it (client-server API, "Stripped state"). */
const STRIPPED: readonly StateKeyPair[] = [
  'm.room.create',
  'm.room.join_rules',
  'm.room.canonical_alias',
  'm.room.avatar',
  'm.room.encryption',
  'm.room.name',
  'm.room.topic',
  'm.room.guest_access',
].map(type => [type, ''] as const);

/** One event reduced to what strangers may know. */
export function strip(stored: StoredEvent): JsonObject {
  const { event } = stored;
  return { type: event.type, state_key: event.stateKey ?? '', sender: event.sender, content: event.content };
}

/** The stripped state at an invite or knock, with the membership of the sender and the event itself at the end. */
export async function strippedState(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  member: StoredEvent,
): Promise<JsonObject[]> {
  const pairs = [...STRIPPED, ['m.room.member', member.event.sender] as const];
  const state = await parts.state.events(db, room, member.stateBefore, pairs);
  return [
    ...state.filter(stored => stored.event.stateKey !== member.event.stateKey || stored.event.type !== 'm.room.member'),
    member,
  ].map(strip);
}
