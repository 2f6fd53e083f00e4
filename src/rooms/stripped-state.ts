import type { UserId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { Queryable } from '../db/database.ts';
import { outOfBandState } from './out-of-band.table.ts';
import type { RoomsParts } from './parts.ts';
import { OUTLIER, type Room, type StoredEvent } from './room.ts';
import type { StateKeyPair } from './room-state.ts';
import type { Root } from './state-tree/state-trees.ts';

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
  if ((member.flags & OUTLIER) !== 0) return [...(await toldState(parts, db, room, member)), strip(member)];
  const state = await stateForStrangers(parts, db, room, member.stateBefore, member.event.sender);
  return [
    ...state.filter(stored => stored.event.stateKey !== member.event.stateKey || stored.event.type !== 'm.room.member'),
    member,
  ].map(strip);
}

/** The events at a root by which strangers are told what room it is, and who asks them in. */
export async function stateForStrangers(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  root: Root,
  inviter: UserId,
): Promise<StoredEvent[]> {
  return parts.state.events(db, room, root, [...STRIPPED, ['m.room.member', inviter]]);
}

/** What another server told of a room that we are not in, but the membership itself. */
async function toldState(parts: RoomsParts, db: Queryable, room: Room, { event }: StoredEvent): Promise<JsonObject[]> {
  const userNid = await parts.nids.users.findOne(db, event.stateKey as UserId);
  const text = userNid === undefined ? undefined : await outOfBandState(db, room.nid, userNid);
  const told = text === undefined ? [] : (JSON.parse(text) as JsonObject[]);
  return told.filter(one => one.type !== 'm.room.member' || one.state_key !== event.stateKey);
}
