import type { Event } from '../../core/event.ts';
import type { EventId, ServerName } from '../../core/ids.ts';
import type { Json } from '../../core/json.ts';
import { backwardExtremities } from '../../rooms/backward-extremities.table.ts';
import { extremities } from '../../rooms/extremities.table.ts';
import { placedEvents } from '../../rooms/history.ts';
import { eventsFromBefore } from '../../rooms/missing-events.ts';
import type { Room } from '../../rooms/room.ts';
import { isWhole } from '../events/checked-events.ts';
import { stretchBelow } from '../history/stretch.ts';
import { quietly } from './peer-error.ts';
import type { ToldStateParts } from './told-state.ts';

/** Events asked for at once. Synapse gives 20 at most, whatever is asked, and others ten. */
const AT_ONCE = 100;
/** An answer of fewer was not cut short: the server knows no more of what lies between. */
const FULL_ANSWER = 10;
/** What is wider than this is a gap in the timeline: somebody waits for the event that came. */
const MOST_ROUNDS = 10;
const MOST_FETCHED = 500;
/** Extremities and missing events that are named in one request. */
const MOST_NAMED = 20;
/** Events at the far end that are asked for one by one. */
const MOST_SINGLE = 10;

/** What a server gave of what lies between an event and what is here. */
export interface Between {
  /** Those that can be taken in. */
  readonly events: readonly Event[];
  /** The server gave at least one of the events that the event builds on, be it redacted. */
  readonly isDivulged: boolean;
  /** So much lies between that it is no matter of a moment: what is not here is left for when somebody looks there. */
  readonly isWide: boolean;
}

/** Asks a server for what lies between an event and what is here (`POST /get_missing_events`), as long as it gives more. */
export async function eventsBetween(
  parts: ToldStateParts,
  room: Room,
  event: Event,
  server: ServerName,
): Promise<Between> {
  const fetched = new Map<EventId, Event>();
  const told = new Set<EventId>();
  let edge = await edgeOf(parts, room, [event]);
  let isCutShort = true;
  for (let round = 0; round < MOST_ROUNDS && fetched.size < MOST_FETCHED && edge.events.length > 0; round++) {
    const { given, events } = await read(parts, room, await ask(parts, room, edge.events, server), told);
    const fresh = events.filter(({ id }) => !fetched.has(id) && id !== event.id);
    for (const each of fresh) fetched.set(each.id, each);
    edge = await edgeOf(parts, room, [...fetched.values(), event]);
    isCutShort = given >= FULL_ANSWER;
    if (!isCutShort || fresh.length === 0) break;
  }
  const isDivulged = event.prevIds.some(id => told.has(id));
  // What was told and cannot be taken, being redacted or without a key, is a hole however much lies above it.
  const isWide = isCutShort && fetched.size >= FULL_ANSWER && edge.missing.some(id => !told.has(id));
  // The state before these says more than the one that the server resolved from them.
  const single = isDivulged ? await fetchEach(parts, room, edge.missing.slice(0, MOST_SINGLE), server, told) : [];
  for (const each of single) fetched.set(each.id, each);
  return { events: await leadingTo(parts, room, event, [...fetched.values()]), isDivulged, isWide };
}

/**
 * Those of some events that an event builds on, as far as what is here: servers give more than was asked for. What our
 * own join builds on would otherwise stand beside it as if nothing did.
 */
async function leadingTo(
  { rooms }: ToldStateParts,
  room: Room,
  event: Event,
  fetched: readonly Event[],
): Promise<readonly Event[]> {
  const ids = fetched.map(each => each.id);
  const placed = await placedEvents(rooms, rooms.db, room, ids);
  const history = new Set(await backwardExtremities(rooms.db, room.nid));
  const given = fetched.map(each => ({ outcome: 'good' as const, event: each }));
  const first = event.prevIds.filter(id => !history.has(id));
  const has = (id: EventId) => placed.has(id) || history.has(id);
  return stretchBelow(first, given, { placed: { has }, most: fetched.length }).events;
}

async function ask(
  { rooms, peers }: ToldStateParts,
  room: Room,
  latest: readonly Event[],
  server: ServerName,
): Promise<Json[]> {
  const tips = await rooms.events.byNids(rooms.db, (await extremities(rooms.db, room.nid)).slice(0, MOST_NAMED));
  const earliest = [...tips.values()].map(stored => stored.event.id);
  const ids = latest.slice(0, MOST_NAMED).map(event => event.id);
  return quietly(peers.missing(server, room.roomId, { earliest, latest: ids, limit: AT_ONCE }), []);
}

/** Some events one by one, those that a server gives and that can be taken in. `told` gets the IDs of all that could be read. */
export async function fetchEach(
  parts: ToldStateParts,
  room: Room,
  ids: readonly EventId[],
  server: ServerName,
  told = new Set<EventId>(),
): Promise<readonly Event[]> {
  const wanted = ids.filter(id => !told.has(id));
  const answers = await Promise.all(wanted.map(id => quietly(parts.peers.event(server, id), undefined)));
  const pdus = answers.filter(answer => answer !== undefined);
  return (await read(parts, room, pdus, told)).events.filter(({ id }) => wanted.includes(id));
}

/** Those of some events that can be taken in, and how many came. `told` gets the IDs of all that could be read. */
async function read(
  { rooms, checked }: ToldStateParts,
  room: Room,
  pdus: readonly Json[],
  told: Set<EventId>,
): Promise<{ given: number; events: readonly Event[] }> {
  const verdicts = await checked.read(pdus, room.version);
  for (const verdict of verdicts) if (verdict.outcome !== 'refused') told.add(verdict.event.id);
  const good = verdicts.flatMap(verdict => (verdict.outcome === 'good' ? [verdict.event] : []));
  const old = new Set(await eventsFromBefore(rooms, room, good));
  // What is from before we came in is history, and what comes redacted another server may have whole.
  const events = good.filter(event => event.roomId === room.roomId && !old.has(event) && isWhole(event, rooms.crypto));
  return { given: pdus.length, events };
}

/** What some events build on that is neither here nor among them, and those that build on it. */
export async function edgeOf(
  { rooms }: ToldStateParts,
  room: Room,
  events: readonly Event[],
): Promise<{ events: readonly Event[]; missing: readonly EventId[] }> {
  const own = new Set(events.map(event => event.id));
  const below = [...new Set(events.flatMap(event => event.prevIds))].filter(id => !own.has(id));
  const placed = await placedEvents(rooms, rooms.db, room, below);
  const missing = below.filter(id => !placed.has(id));
  const without = new Set(missing);
  return { events: events.filter(event => event.prevIds.some(id => without.has(id))), missing };
}
