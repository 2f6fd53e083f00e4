import type { Event } from '../../core/event.ts';
import type { EventId, ServerName } from '../../core/ids.ts';
import { storedIds } from '../../rooms/events.table.ts';
import { authIdsOf } from '../../rooms/judge-event.ts';
import type { Room } from '../../rooms/room.ts';
import { isOfPeer } from '../gaps/peer-error.ts';
import { fetchAuthChain, fetchSingle, type ToldStateParts } from '../gaps/told-state.ts';

/** Auth events that are asked for one by one, and events whose whole chain is asked for after that. */
const MOST_SINGLE = 50;
const MOST_CHAINS = 3;

/** Fetches what authorises some events, and answers those of which that is known now: all that can be judged. */
export async function withAuthEvents(
  parts: ToldStateParts,
  room: Room,
  events: readonly Event[],
  server: ServerName,
): Promise<Event[]> {
  let missing = await missingAuth(parts, events);
  if (missing.size > 0) await ofPeer(fetchSingle(parts, room, server, [...missing].slice(0, MOST_SINGLE)));
  missing = await missingAuth(parts, events);
  const without = events.filter(event => authIdsOf(event).some(id => missing.has(id)));
  for (const event of without.slice(0, MOST_CHAINS)) await ofPeer(fetchAuthChain(parts, room, event.id, server));
  if (without.length > 0) missing = await missingAuth(parts, events);
  const kept: Event[] = [];
  for (const event of events) {
    if (authIdsOf(event).some(id => missing.has(id))) missing.add(event.id);
    else kept.push(event);
  }
  return kept;
}

/** What authorises some events and is neither known nor among them. */
async function missingAuth({ rooms }: ToldStateParts, events: readonly Event[]): Promise<Set<EventId>> {
  const own = new Set(events.map(event => event.id));
  const ids = new Set(events.flatMap(authIdsOf).filter(id => !own.has(id)));
  const stored = await storedIds(rooms.db, [...ids]);
  return new Set([...ids].filter(id => !stored.has(id)));
}

async function ofPeer(fetching: Promise<void>): Promise<void> {
  try {
    await fetching;
  } catch (error) {
    if (!isOfPeer(error)) throw error;
  }
}
