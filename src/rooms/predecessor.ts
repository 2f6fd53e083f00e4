import type { RoomId, UserId } from '../core/ids.ts';
import { getObject, getString } from '../core/json.ts';
import type { Queryable } from '../db/database.ts';
import type { RoomsParts } from './parts.ts';
import { maySendState } from './power.ts';
import type { Room, StoredEvent } from './room.ts';
import { roomHead } from './rooms.table.ts';

/** The local user who has come into a room by an event and was not in it before; undefined for any other event. */
export async function localNewcomer(
  parts: RoomsParts,
  db: Queryable,
  { event, replacesNid }: StoredEvent,
): Promise<UserId | undefined> {
  const { type, stateKey, content } = event;
  if (type !== 'm.room.member' || stateKey === undefined || getString(content, 'membership') !== 'join')
    return undefined;
  if (!stateKey.endsWith(`:${parts.serverName}`)) return undefined;
  const before = replacesNid === undefined ? undefined : await parts.events.byNid(db, replacesNid);
  const wasIn = before !== undefined && getString(before.event.content, 'membership') === 'join';
  return wasIn ? undefined : (stateKey as UserId);
}

/**
 * The room that this one replaces. Its create event may claim any room; it is believed where the old room names this
 * one as its replacement, or where the maker of this one has the power to say so there.
 */
export async function predecessorOf(parts: RoomsParts, db: Queryable, room: Room): Promise<Room | undefined> {
  const create = await current(parts, db, room, 'm.room.create');
  const named = create === undefined ? undefined : getString(getObject(create.content, 'predecessor') ?? {}, 'room_id');
  const old = named === undefined ? undefined : await parts.rooms.find(db, named as RoomId);
  if (create === undefined || old === undefined || old.nid === room.nid) return undefined;
  const tombstone = await current(parts, db, old, 'm.room.tombstone');
  if (tombstone !== undefined && getString(tombstone.content, 'replacement_room') === room.roomId) return old;
  return (await maySendState(parts, db, old, create.sender, 'm.room.tombstone')) ? old : undefined;
}

async function current(parts: RoomsParts, db: Queryable, room: Room, type: string) {
  const { state_root: root } = await roomHead(db, room.nid);
  return parts.state.event(db, room, root, type);
}
