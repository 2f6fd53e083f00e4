import type { Event } from '../../core/event.ts';
import { domainOf, type EventId, type ServerName } from '../../core/ids.ts';
import { placedEvents } from '../../rooms/history.ts';
import { lacksMembers } from '../../rooms/incomplete-rooms.ts';
import { type IngestOptions, ingest } from '../../rooms/ingest.ts';
import { authIdsOf } from '../../rooms/judge-event.ts';
import { buildsOnHistory } from '../../rooms/missing-events.ts';
import type { Room } from '../../rooms/room.ts';
import { serversIn } from '../../rooms/room-domains.table.ts';
import { roomHead } from '../../rooms/rooms.table.ts';
import type { Root } from '../../rooms/state-tree/state-trees.ts';
import { writeRoom } from '../../rooms/write-room.ts';
import { recommended } from '../policy/recommended.ts';
import { reasonOf } from '../transport/errors.ts';
import { eventsBetween } from './between.ts';
import { sortedByPrevious } from './event-order.ts';
import { noteReturned } from './note-returned.ts';
import { GapError, IncompleteStateError, isOfPeer, quietly } from './peer-error.ts';
import { fetchAuthChain, fetchSingle, type ToldStateParts, toldState } from './told-state.ts';
import { walkedBack } from './walk-back.ts';

/** Servers that are asked besides the one that sent the event. */
const MOST_OTHERS = 3;
/** After so many tries in vain an event is judged by the room's state as it is here. */
const TRIES_FOR_STATE = 5;

/** The state before an event for `ingest`, and whether it is less than what others know. */
type StateBefore = Pick<IngestOptions, 'isGuessed'> & { readonly stateBefore: Root };

export interface TakeInOptions {
  /** What the lowest of them build on is left for when somebody reads back to there. */
  readonly isWide?: boolean;
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
    // The rule, in a room of any size: nothing is missing, and nobody has to be asked.
    if (await this.#isComplete(room, event)) return {};
    const servers = await this.#servers(room, event, origin);
    const { entered_depth: since } = await roomHead(this.#parts.rooms.db, room.nid);
    const isBetween = !buildsOnHistory(event, since) && (await this.#unplaced(room, event)).length > 0;
    const [server] = servers;
    if (isBetween && server !== undefined) await this.#fetchBetween(room, event, server, tries);
    const options = await this.#joinedOrTold(room, event, servers, tries);
    await this.#fetchAuth(room, event, servers);
    return options;
  }

  /**
   * The state before an event comes with what authorises its events, and so as a rule with what authorises this one. Where
   * no server tells it, each may still have single events of the way back to what is here.
   */
  async #joinedOrTold(room: Room, event: Event, servers: readonly ServerName[], tries: number): Promise<IngestOptions> {
    if ((await this.#unplaced(room, event)).length === 0) return {};
    try {
      return await this.#stateBefore(room, event, servers, tries);
    } catch (error) {
      if (!(error instanceof GapError)) throw error;
      const between = (await walkedBack(this.#parts, room, event, servers)) ?? [];
      for (const server of between.length > 0 ? servers : []) {
        await this.takeIn(room, between, server);
        if ((await this.#unplaced(room, event)).length === 0) return {};
      }
      throw error;
    }
  }

  async #isComplete(room: Room, event: Event): Promise<boolean> {
    return (await this.#unplaced(room, event)).length === 0 && (await this.#unknownAuth(event)).length === 0;
  }

  /** The events that an event builds on which have no place here. */
  async #unplaced(room: Room, event: Event): Promise<EventId[]> {
    const { rooms } = this.#parts;
    const placed = await placedEvents(rooms, rooms.db, room, event.prevIds);
    return event.prevIds.filter(id => !placed.has(id));
  }

  /** The origin, the sender's server and some others of the room. */
  async #servers(room: Room, event: Event, origin: ServerName): Promise<ServerName[]> {
    const { rooms } = this.#parts;
    const first = new Set([origin, domainOf(event.sender)]);
    first.delete(rooms.serverName);
    const nids = await serversIn(rooms.db, room.nid, MOST_OTHERS + first.size + 1);
    const names = await rooms.nids.domains.names(rooms.db, nids);
    const others = [...names.values()].filter(name => name !== rooms.serverName && !first.has(name));
    return [...first, ...others.slice(0, MOST_OTHERS)];
  }

  /**
   * Fetches the events between, and takes in those that join on to what is here, the oldest first. A server that sends an
   * event and keeps back what it builds on is asked once for now: to take from it the state there would be to let it say
   * what it likes of the room. Neither is a state believed of which something cannot be had, before it was tried often.
   */
  async #fetchBetween(room: Room, event: Event, server: ServerName, tries: number): Promise<void> {
    const { events, isDivulged, isWide } = await eventsBetween(this.#parts, room, event, server);
    if (!isDivulged && tries === 0)
      throw new GapError(event.id, new Error(`${server} does not give the events before it`));
    const incomplete = await this.takeIn(room, events, server, { isWide });
    if (incomplete !== undefined && tries < TRIES_FOR_STATE) throw new GapError(event.id, incomplete);
  }

  /**
   * Takes in fetched events in their order. One that does not join on gets its state from the server it came from; if
   * that fails, what builds on it is left for the event that we are here for. Answers why, where that is for want of
   * events of the state: asking for the state of what builds on it would be in vain too.
   */
  async takeIn(
    room: Room,
    events: readonly Event[],
    server: ServerName,
    { isWide = false }: TakeInOptions = {},
  ): Promise<IncompleteStateError | undefined> {
    const { rooms } = this.#parts;
    const held = new Set<EventId>();
    let incomplete: IncompleteStateError | undefined;
    for (const event of sortedByPrevious(events)) {
      try {
        if (event.prevIds.some(id => held.has(id))) held.add(event.id);
        else await this.#takeInOne(room, event, server, isWide);
      } catch (error) {
        if (!isOfPeer(error)) throw error;
        rooms.log.debug('An event in a gap cannot be taken in yet.', { event: event.id, reason: reasonOf(error) });
        const { cause } = error as Error;
        if (!(cause instanceof IncompleteStateError)) continue;
        held.add(event.id);
        incomplete ??= cause;
      }
    }
    return incomplete;
  }

  async #takeInOne(room: Room, event: Event, server: ServerName, isBehindGap: boolean): Promise<void> {
    const { rooms } = this.#parts;
    const isJoined = (await this.#unplaced(room, event)).length === 0;
    const options = isJoined ? {} : { ...(await this.#stateBefore(room, event, [server], 0)), isBehindGap };
    await this.#fetchAuth(room, event, [server]);
    const { event: heard, unwanted } = await recommended(rooms, room, event, { isLast: true });
    const { outcome, reason } = await writeRoom(rooms, room, async tx => {
      const ingested = await ingest(rooms, tx, room, heard, { ...options, unwanted });
      await noteReturned(rooms, tx, event, server, ingested.outcome);
      return ingested;
    });
    if (outcome === 'rejected')
      rooms.log.info('An event that was fetched is rejected.', { event: event.id, room: room.roomId, reason });
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
  async #stateBefore(room: Room, event: Event, servers: readonly ServerName[], tries: number): Promise<StateBefore> {
    const { rooms } = this.#parts;
    // That would fetch all members by the way; once they are known the event is judged again.
    const own = async () => ({ stateBefore: (await roomHead(rooms.db, room.nid)).state_root, isGuessed: true });
    if (await lacksMembers(rooms.db, room)) return own();
    const placed = await placedEvents(rooms, rooms.db, room, event.prevIds);
    const known = [...placed.values()].map(stored => stored.stateAfter);
    let failure: unknown;
    for (const server of servers) {
      try {
        const isLenient = tries >= TRIES_FOR_STATE;
        const stateBefore = await toldState(this.#parts, room, event.id, server, known, { isLenient });
        return { stateBefore, isGuessed: isLenient };
      } catch (error) {
        if (!isOfPeer(error)) throw error;
        failure ??= error;
      }
    }
    // Better a message that is judged by what we know of the room than one that nobody sees.
    if (tries >= TRIES_FOR_STATE && event.stateKey === undefined) return own();
    throw new GapError(event.id, failure);
  }
}
