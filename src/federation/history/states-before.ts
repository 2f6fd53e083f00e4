import type { Event } from '../../core/event.ts';
import type { EventId, ServerName } from '../../core/ids.ts';
import { placedEvents } from '../../rooms/history.ts';
import type { Room } from '../../rooms/room.ts';
import type { Root } from '../../rooms/state-tree/state-trees.ts';
import { IncompleteStateError, isOfPeer } from '../gaps/peer-error.ts';
import { type ToldStateParts, toldState } from '../gaps/told-state.ts';

/** Events whose state is asked for, for one stretch of history; others get that of the first of them. */
const MOST_STATES = 8;

/** The state before each event of a stretch that is needed for taking it in, as one of some servers tells it. */
export async function statesBefore(
  parts: ToldStateParts,
  room: Room,
  events: readonly Event[],
  servers: readonly ServerName[],
): Promise<ReadonlyMap<EventId, Root> | undefined> {
  const edge = await lowest(parts, room, events);
  const asked = edge.slice(0, MOST_STATES);
  const states = new Map<EventId, Root>();
  for (const event of asked) {
    const state = await stateBefore(parts, room, event, servers);
    if (state === undefined) return undefined;
    states.set(event.id, state);
  }
  const [some] = states.values();
  if (some !== undefined) for (const { id } of events) if (!states.has(id)) states.set(id, some);
  return states;
}

/** Those that build on something which is neither known with its place nor among them. */
async function lowest({ rooms }: ToldStateParts, room: Room, events: readonly Event[]): Promise<Event[]> {
  const own = new Set(events.map(event => event.id));
  const below = [...new Set(events.flatMap(event => event.prevIds))].filter(id => !own.has(id));
  const placed = await placedEvents(rooms, rooms.db, room, below);
  return events.filter(event => event.prevIds.some(id => !own.has(id) && !placed.has(id)));
}

/** A state with all its events where one can be had, else the first one with what can be had of it. */
async function stateBefore(
  parts: ToldStateParts,
  room: Room,
  event: Event,
  servers: readonly ServerName[],
): Promise<Root | undefined> {
  const placed = await placedEvents(parts.rooms, parts.rooms.db, room, event.prevIds);
  const known = [...placed.values()].map(stored => stored.stateAfter);
  const incomplete: ServerName[] = [];
  for (const server of servers) {
    try {
      return await toldState(parts, room, event.id, server, known);
    } catch (error) {
      if (!isOfPeer(error)) throw error;
      if (error instanceof IncompleteStateError) incomplete.push(server);
    }
  }
  const [first] = incomplete;
  return first === undefined ? undefined : toldState(parts, room, event.id, first, known, { isLenient: true });
}
