import type { Queryable } from '../db/database.ts';
import type { RoomsParts } from './parts.ts';
import type { Room, StoredEvent } from './room.ts';

/**
 * The memberships of those who sent some events, as the state after the newest of the events has them (client-server
 * API, "Lazy-loading room members").
 */
export async function membersOfSenders(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  events: readonly StoredEvent[],
): Promise<StoredEvent[]> {
  const [first, ...rest] = events;
  if (first === undefined) return [];
  const newest = rest.reduce((best, stored) => ((stored.pos ?? 0) > (best.pos ?? 0) ? stored : best), first);
  const senders = new Set(events.map(stored => stored.event.sender));
  return parts.state.events(
    db,
    room,
    newest.stateAfter,
    [...senders].map(sender => ['m.room.member', sender] as const),
  );
}

/** State as a client is shown it in lists. */
export function unseen(events: readonly StoredEvent[]): { stored: StoredEvent; membership: undefined }[] {
  return events.map(stored => ({ stored, membership: undefined }));
}
