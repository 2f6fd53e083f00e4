import type { EventId } from '../core/ids.ts';
import type { Queryable } from '../db/database.ts';
import type { RoomsParts } from './parts.ts';
import { relationOf } from './relations.table.ts';
import type { Room, StoredEvent } from './room.ts';

/** The main timeline, as receipts and notifications name it. */
export const MAIN = 'main';
const MOST_HOPS = 3;

/**
 * The thread that an event is in: the ID of the thread's root, or `main`. Indirect relations (a reaction to a reply)
 * are followed for three hops (client-server API, "Threaded read receipts"); a root itself is in the main timeline.
 */
export async function threadOf(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  stored: StoredEvent,
): Promise<EventId | typeof MAIN> {
  let current: StoredEvent | undefined = stored;
  for (let hop = 0; hop <= MOST_HOPS && current !== undefined; hop++) {
    const relation = relationOf(current.event.content);
    if (relation === undefined) return MAIN;
    if (relation.relType === 'm.thread') return relation.target;
    current = await parts.events.inRoom(db, room, relation.target);
  }
  return MAIN;
}

/** Whether an event is in a thread or leads to its root by other relations, which the root's main timeline shows too. */
export async function belongsTo(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  stored: StoredEvent,
  threadId: string,
): Promise<boolean> {
  let current: StoredEvent | undefined = stored;
  for (let hop = 0; hop <= MOST_HOPS && current !== undefined; hop++) {
    if (current.event.id === threadId) return true;
    const relation = relationOf(current.event.content);
    if (relation === undefined) return false;
    if (relation.target === threadId) return true;
    current = await parts.events.inRoom(db, room, relation.target);
  }
  return false;
}
