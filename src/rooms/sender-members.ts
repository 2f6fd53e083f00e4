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
  const senders = new Set<string>(events.map(stored => stored.event.sender));
  const found = await parts.state.events(
    db,
    room,
    newest.stateAfter,
    [...senders].map(sender => ['m.room.member', sender] as const),
  );
  for (const stored of found) senders.delete(stored.event.stateKey ?? '');
  if (senders.size === 0 || !(await parts.trees.isPartial(db, room.nid, newest.stateAfter))) return found;
  return [...found, ...(await membersByTheirEvents(parts, db, events, senders))];
}

/** Where members are missing from the state: what the events that they sent say of them. */
export async function membersByTheirEvents(
  parts: RoomsParts,
  db: Queryable,
  events: readonly StoredEvent[],
  senders: ReadonlySet<string>,
): Promise<StoredEvent[]> {
  const known = await parts.events.byIds(
    db,
    events.filter(({ event }) => senders.has(event.sender)).flatMap(({ event }) => event.authIds),
  );
  const members = new Map<string, StoredEvent>();
  for (const stored of known.values()) {
    const { type, stateKey = '' } = stored.event;
    if (type === 'm.room.member' && senders.has(stateKey)) members.set(stateKey, stored);
  }
  return [...members.values()];
}

/** State as a client is shown it in lists. */
export function unseen(events: readonly StoredEvent[]): { stored: StoredEvent; membership: undefined }[] {
  return events.map(stored => ({ stored, membership: undefined }));
}
