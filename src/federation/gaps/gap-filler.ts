import type { Event } from '../../core/event.ts';
import { domainOf, type EventId, type ServerName } from '../../core/ids.ts';
import type { Json } from '../../core/json.ts';
import { backwardExtremities } from '../../rooms/backward-extremities.table.ts';
import { extremities } from '../../rooms/extremities.table.ts';
import { placedEvents } from '../../rooms/history.ts';
import { type IngestOptions, ingest } from '../../rooms/ingest.ts';
import { authIdsOf } from '../../rooms/judge-event.ts';
import { buildsOnHistory, eventsFromBefore } from '../../rooms/missing-events.ts';
import { OUTLIER, type Room, type StoredEvent } from '../../rooms/room.ts';
import { serversIn } from '../../rooms/room-domains.table.ts';
import { roomHead } from '../../rooms/rooms.table.ts';
import type { Root } from '../../rooms/state-tree/state-trees.ts';
import { writeRoom } from '../../rooms/write-room.ts';
import { isWhole } from '../events/checked-events.ts';
import { stretchBelow } from '../history/stretch.ts';
import { recommended } from '../policy/recommended.ts';
import { reasonOf } from '../transport/errors.ts';
import { sortedByPrevious } from './event-order.ts';
import { isOfPeer as isPeerError } from './peer-error.ts';
import { fetchAuthChain, fetchSingle, type ToldStateParts, toldState } from './told-state.ts';

/** Events asked for at once. Synapse gives 20 at most, whatever is asked. */
const AT_ONCE = 100;
/** Rounds of asking for what lies between, for one event: then the state is taken from the other server instead. */
const MOST_ROUNDS = 25;
/** Events that are fetched for one that came. */
const MOST_FETCHED = 500;
/** Servers that are asked besides the one that sent the event. */
const MOST_OTHERS = 3;
/** After so many tries in vain an event is judged by the room's state as it is here. */
const TRIES_FOR_STATE = 5;

/** What an event builds on could not be had from anybody just now. */
export class GapError extends Error {
  constructor(eventId: EventId, cause: unknown) {
    super(`what ${eventId} builds on cannot be had: ${reasonOf(cause)}`, { cause });
    this.name = 'GapError';
  }
}

/**
 * Gets what lies between an event that came in and what we have of its room (server-server API, "Retrieving missing
 * events"): first the events themselves, then, where a gap is too wide, the state behind it.
 */
export class GapFiller {
  readonly #parts: ToldStateParts;

  constructor(parts: ToldStateParts) {
    this.#parts = parts;
  }

  /**
   * Makes an event ready to be taken in. Answers what `ingest` needs to know besides.
   * @throws GapError when it cannot be judged yet
   */
  async prepare(room: Room, event: Event, origin: ServerName, tries: number): Promise<IngestOptions> {
    const servers = await this.#servers(room, event, origin);
    const { entered_depth: since } = await roomHead(this.#parts.rooms.db, room.nid);
    const isBetween = !buildsOnHistory(event, since) && (await this.#unplaced(room, event)).length > 0;
    if (isBetween) await this.#fetchBetween(room, event, servers);
    await this.#fetchAuth(room, event, servers);
    if ((await this.#unplaced(room, event)).length === 0) return {};
    return { stateBefore: await this.#stateBefore(room, event, servers, tries) };
  }

  /** The events that an event builds on which have no place here. */
  async #unplaced(room: Room, event: Event): Promise<EventId[]> {
    const placed = await this.#placed(room, event);
    return event.prevIds.filter(id => !placed.has(id));
  }

  async #placed(room: Room, event: Event): Promise<Map<EventId, StoredEvent>> {
    const found = await this.#parts.rooms.events.byIds(this.#parts.rooms.db, event.prevIds);
    return new Map([...found].filter(([, stored]) => stored.roomNid === room.nid && (stored.flags & OUTLIER) === 0));
  }

  /** The origin, the sender's server and some others of the room. */
  async #servers(room: Room, event: Event, origin: ServerName): Promise<ServerName[]> {
    const { rooms } = this.#parts;
    const first = new Set([origin, domainOf(event.sender)]);
    first.delete(rooms.serverName);
    const nids = await serversIn(rooms.db, room.nid);
    const names = await rooms.nids.domains.names(rooms.db, nids.slice(0, MOST_OTHERS + first.size + 1));
    const others = [...names.values()].filter(name => name !== rooms.serverName && !first.has(name));
    return [...first, ...others.slice(0, MOST_OTHERS)];
  }

  /** Fetches the events between, and takes in those that join on to what is here, the oldest first. */
  async #fetchBetween(room: Room, event: Event, [origin]: readonly ServerName[]): Promise<void> {
    if (origin === undefined) return;
    const fetched = new Map<EventId, Event>();
    let latest: readonly Event[] = [event];
    for (let round = 0; round < MOST_ROUNDS && fetched.size < MOST_FETCHED && latest.length > 0; round++) {
      const found = await this.#missing(room, latest, origin);
      const fresh = found.filter(({ id }) => !fetched.has(id) && id !== event.id);
      const wanted = fresh.length > 0 ? [] : await this.#lowest(room, [...fetched.values(), event]);
      // A round that brings nothing new is stuck: what is missing is asked for one by one.
      const single = wanted.length === 0 ? [] : await this.#single(room, wanted.slice(0, 10), origin);
      const more = [...fresh, ...single.filter(({ id }) => !fetched.has(id))];
      if (more.length === 0) break;
      for (const each of more) fetched.set(each.id, each);
      latest = await this.#edge(room, [...fetched.values(), event]);
    }
    await this.takeIn(room, await this.#leadingTo(room, event, [...fetched.values()]), origin);
  }

  /**
   * Those of some events that an event builds on, as far as what is here: servers give more than was asked for. What our
   * own join builds on would otherwise stand beside it as if nothing did.
   */
  async #leadingTo(room: Room, event: Event, fetched: readonly Event[]): Promise<readonly Event[]> {
    const { rooms } = this.#parts;
    const ids = fetched.map(each => each.id);
    const placed = await placedEvents(rooms, rooms.db, room, ids);
    const history = new Set(await backwardExtremities(rooms.db, room.nid));
    const given = fetched.map(each => ({ outcome: 'good' as const, event: each }));
    const first = event.prevIds.filter(id => !history.has(id));
    const has = (id: EventId) => placed.has(id) || history.has(id);
    return stretchBelow(first, given, { placed: { has }, most: fetched.length }).events;
  }

  async #missing(room: Room, latest: readonly Event[], server: ServerName): Promise<Event[]> {
    const { peers, rooms } = this.#parts;
    const tips = await rooms.events.byNids(rooms.db, (await extremities(rooms.db, room.nid)).slice(0, 20));
    const earliest = [...tips.values()].map(stored => stored.event.id);
    const ids = latest.slice(0, 20).map(event => event.id);
    return this.#read(
      room,
      await quietly(peers.missing(server, room.roomId, { earliest, latest: ids, limit: AT_ONCE }), []),
    );
  }

  async #single(room: Room, ids: readonly EventId[], server: ServerName): Promise<Event[]> {
    const answers = await Promise.all(ids.map(id => quietly(this.#parts.peers.event(server, id), undefined)));
    return this.#read(
      room,
      answers.filter(answer => answer !== undefined),
    );
  }

  async #read(room: Room, pdus: readonly Json[]): Promise<Event[]> {
    const { rooms, checked } = this.#parts;
    const verdicts = await checked.read(pdus, room.version);
    const events = verdicts.flatMap(verdict => (verdict.outcome === 'good' ? [verdict.event] : []));
    const old = new Set(await eventsFromBefore(rooms, room, events));
    // What is from before we came in is history, and what comes redacted another server may have whole.
    return events.filter(event => event.roomId === room.roomId && !old.has(event) && isWhole(event, rooms.crypto));
  }

  /** Those of some events that build on something that is neither here nor among them. */
  async #edge(room: Room, events: readonly Event[]): Promise<Event[]> {
    const ids = new Set(events.map(event => event.id));
    const edge: Event[] = [];
    for (const event of events) if ((await this.#unplaced(room, event)).some(id => !ids.has(id))) edge.push(event);
    return edge;
  }

  async #lowest(room: Room, events: readonly Event[]): Promise<EventId[]> {
    const ids = new Set(events.map(event => event.id));
    const missing = new Set<EventId>();
    for (const event of events) for (const id of await this.#unplaced(room, event)) if (!ids.has(id)) missing.add(id);
    return [...missing];
  }

  /**
   * Takes in fetched events in their order. One that does not join on gets its state from the server it came from; if
   * that fails, what builds on it is left for the event that we are here for.
   */
  async takeIn(room: Room, events: readonly Event[], server: ServerName): Promise<void> {
    const { rooms } = this.#parts;
    for (const event of sortedByPrevious(events)) {
      try {
        await this.#fetchAuth(room, event, [server]);
        const isJoined = (await this.#unplaced(room, event)).length === 0;
        const options = isJoined ? {} : { stateBefore: await this.#stateBefore(room, event, [server], 0) };
        const { event: heard, unwanted } = await recommended(rooms, room, event, { isLast: true });
        const { outcome, reason } = await writeRoom(rooms, room, tx =>
          ingest(rooms, tx, room, heard, { ...options, unwanted }),
        );
        if (outcome === 'rejected')
          rooms.log.info('An event that was fetched is rejected.', { event: event.id, room: room.roomId, reason });
      } catch (error) {
        if (!isOfPeer(error)) throw error;
        rooms.log.debug('An event in a gap cannot be taken in yet.', { event: event.id, reason: reasonOf(error) });
      }
    }
  }

  /** Gets the events that authorise an event, where they are not known. */
  async #fetchAuth(room: Room, event: Event, servers: readonly ServerName[]): Promise<void> {
    for (const server of servers) {
      const missing = await this.#unknownAuth(event);
      if (missing.length === 0) return;
      await quietly(fetchAuthChain(this.#parts, room, event.id, server), undefined);
      const still = await this.#unknownAuth(event);
      if (still.length > 0) await quietly(fetchSingle(this.#parts, room, server, still), undefined);
    }
    const missing = await this.#unknownAuth(event);
    if (missing.length > 0)
      throw new GapError(event.id, new Error(`its auth events ${missing.join(', ')} are unknown`));
  }

  async #unknownAuth(event: Event): Promise<EventId[]> {
    const { events, db } = this.#parts.rooms;
    const ids = authIdsOf(event);
    const known = await events.byIds(db, ids);
    return ids.filter(id => !known.has(id));
  }

  /** The state before an event, from the first server that tells it. */
  async #stateBefore(room: Room, event: Event, servers: readonly ServerName[], tries: number): Promise<Root> {
    const { rooms } = this.#parts;
    const known = [...(await this.#placed(room, event)).values()].map(stored => stored.stateAfter);
    let failure: unknown;
    for (const server of servers) {
      try {
        const isLenient = tries >= TRIES_FOR_STATE;
        return await toldState(this.#parts, room, event.id, server, known, { isLenient });
      } catch (error) {
        if (!isOfPeer(error)) throw error;
        failure ??= error;
      }
    }
    // Better a message that is judged by what we know of the room than one that nobody sees.
    if (tries >= TRIES_FOR_STATE && event.stateKey === undefined)
      return (await roomHead(rooms.db, room.nid)).state_root;
    throw new GapError(event.id, failure);
  }
}

function isOfPeer(error: unknown): boolean {
  return isPeerError(error) || error instanceof GapError;
}

/** What a server does not give is not had from it. */
async function quietly<T, F>(answer: Promise<T>, otherwise: F): Promise<T | F> {
  try {
    return await answer;
  } catch (error) {
    if (isOfPeer(error)) return otherwise;
    throw error;
  }
}
