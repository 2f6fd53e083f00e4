import { ByteCache } from '../../base/byte-cache.ts';
import { type Event, EventError } from '../../core/event.ts';
import type { EventId, ServerName } from '../../core/ids.ts';
import type { Tx } from '../../db/database.ts';
import { addBackwardExtremities, countTries, edgeOfGap, gapsOf } from '../../rooms/backward-extremities.table.ts';
import { isResident } from '../../rooms/current-membership.ts';
import { ingestHistory, makePlace, placedEvents } from '../../rooms/history.ts';
import { becomesWhole } from '../../rooms/incomplete-rooms.ts';
import type { RemoteHistory } from '../../rooms/ports.ts';
import { OUTLIER, type Room, type StoredEvent } from '../../rooms/room.ts';
import { writeRoom } from '../../rooms/write-room.ts';
import { readPdu } from '../events/checked-events.ts';
import { firstAnswer } from '../gaps/first-answer.ts';
import type { PeerChoice } from '../gaps/peer-choice.ts';
import { isOfPeer } from '../gaps/peer-error.ts';
import type { ToldStateParts } from '../gaps/told-state.ts';
import { NoSlotError, Slots } from '../transport/slots.ts';
import { withAuthEvents } from './auth-events.ts';
import { islandPlace } from './island-place.ts';
import { statesBefore } from './states-before.ts';
import { type Stretch, stretchBelow } from './stretch.ts';

export interface FederatedHistoryParts extends ToldStateParts {
  readonly choice: PeerChoice;
}

/** Events of one stretch: they are taken in by one transaction. */
const AT_ONCE = 100;
/** Events that are named where asking begins. */
const MOST_EDGE = 20;
const MOST_SERVERS = 5;
/** Rooms whose history is fetched at the same time. */
const LIMITS = { total: 8, perKey: 1, waiting: 100, waitingPerKey: 1 };
/** Nobody is asked again for so long where nobody had anything. */
const REST_MS = 30_000;
/** How long history waits for the members of a room that we have just come into. */
const FOR_MEMBERS_MS = 20_000;

/** Fetches history of rooms from the servers in them (server-server API, "Backfilling and retrieving missing events"). */
export class FederatedHistory implements RemoteHistory {
  readonly #parts: FederatedHistoryParts;
  readonly #slots = new Slots(LIMITS);
  readonly #running = new Map<number, Promise<boolean>>();
  readonly #inVain: ByteCache<number>;

  constructor(parts: FederatedHistoryParts) {
    this.#parts = parts;
    this.#inVain = new ByteCache({ name: 'history_in_vain', budget: parts.rooms.budget, weight: 2, sizeOf: () => 40 });
  }

  async fill(room: Room, gapPos: number): Promise<boolean> {
    const running = this.#running.get(room.nid);
    // Whatever that brings, the gaps have to be looked at again.
    if (running !== undefined) return running.then(() => true);
    const filling = this.#guarded(room, () => this.#fill(room, gapPos)).finally(() => this.#running.delete(room.nid));
    this.#running.set(room.nid, filling);
    return filling;
  }

  async eventNear(room: Room, ts: number, direction: 'f' | 'b'): Promise<StoredEvent | undefined> {
    let found: StoredEvent | undefined;
    await this.#guarded(room, async () => {
      found = await this.#near(room, ts, direction);
      return found !== undefined;
    });
    return found;
  }

  /** Never rejects: without history a room is shown as far as we have it. */
  async #guarded(room: Room, work: () => Promise<boolean>): Promise<boolean> {
    const { rooms } = this.#parts;
    try {
      if (!(await isResident(rooms, rooms.db, room))) return false;
      // The state before what is fetched would bring all members by the way.
      if (!(await becomesWhole(rooms, room, FOR_MEMBERS_MS))) return false;
      const giveBack = await this.#slots.take(room.roomId, new AbortController().signal);
      return await work().finally(giveBack);
    } catch (error) {
      if (!(error instanceof NoSlotError) && !isOfPeer(error))
        rooms.log.error('History of a room cannot be fetched.', { room: room.roomId, err: error });
      return false;
    }
  }

  async #fill(room: Room, gapPos: number): Promise<boolean> {
    const { rooms, choice } = this.#parts;
    const key = `${room.nid} ${gapPos}`;
    if ((this.#inVain.get(key) ?? 0) > rooms.clock.monotonic()) return false;
    const edge = await edgeOfGap(rooms.db, room.nid, gapPos, MOST_EDGE);
    if (edge.length === 0) return false;
    const servers = await choice.of(room, MOST_SERVERS);
    const given = await firstAnswer(servers, server => this.#ask(room, server, edge), { ...rooms, choice });
    const isProgress =
      given !== undefined && (await this.#takeIn(room, gapPos, given.answer, inTurn(given.server, servers)));
    if (isProgress) return true;
    if (servers.length > 0) await rooms.db.tx(tx => countTries(tx, room.nid, edge));
    this.#inVain.set(key, rooms.clock.monotonic() + REST_MS);
    return false;
  }

  /** What a server gives of the history below an edge; undefined when that is nothing. */
  async #ask(room: Room, server: ServerName, edge: readonly EventId[]): Promise<Stretch | undefined> {
    const { rooms, peers, checked } = this.#parts;
    const pdus = await peers.older(server, room.roomId, edge, AT_ONCE);
    const events = pdus
      .map(pdu => readPdu(pdu, room.version, rooms.crypto, { anyReferences: true }))
      .filter((event): event is Event => !(event instanceof EventError) && event.roomId === room.roomId);
    const ids = events.map(event => event.id);
    const placed = await placedEvents(rooms, rooms.db, room, ids);
    const stretch = stretchBelow(edge, await checked.verify(events), { placed, most: AT_ONCE });
    return stretch.events.length + stretch.aside.length === 0 ? undefined : stretch;
  }

  /** Whether the edge lies deeper now. */
  async #takeIn(
    room: Room,
    gapPos: number,
    { events, aside }: Stretch,
    servers: readonly ServerName[],
  ): Promise<boolean> {
    const { rooms } = this.#parts;
    const [server] = servers;
    if (server === undefined) return false;
    const states = await statesBefore(this.#parts, room, events, servers);
    if (states === undefined) return false;
    const judged = await withAuthEvents(this.#parts, room, events, server);
    return writeRoom(rooms, room, async tx => {
      const first = await makePlace(tx, room, gapPos, judged.length);
      if (first === undefined) return false;
      const outcomes = await ingestHistory(rooms, tx, room, judged, { first, gapPos: first, statesBefore: states });
      const isPast = await this.#goPast(tx, room, first, aside);
      return isPast || [...outcomes.values()].some(outcome => outcome !== 'left out');
    });
  }

  /** What cannot be checked now is asked for again, but what lies behind it need not wait. Whether there is more of that. */
  async #goPast(tx: Tx, room: Room, gapPos: number, aside: readonly Event[]): Promise<boolean> {
    if (aside.length === 0) return false;
    const { rooms } = this.#parts;
    const behind = aside.flatMap(event => (event.version.eventIds === 'chosen' ? [] : event.prevIds));
    const placed = await placedEvents(rooms, tx, room, behind);
    const missing = [...new Set(behind)].filter(id => !placed.has(id));
    await countTries(
      tx,
      room.nid,
      aside.map(event => event.id),
    );
    return (await addBackwardExtremities(tx, room.nid, missing, gapPos)) > 0;
  }

  async #near(room: Room, ts: number, direction: 'f' | 'b'): Promise<StoredEvent | undefined> {
    const { rooms, peers, choice } = this.#parts;
    const servers = await choice.of(room, MOST_SERVERS);
    const ask = (server: ServerName) => peers.nearTime(server, room.roomId, { ts, direction });
    const given = await firstAnswer(servers, ask, { ...rooms, choice });
    if (given === undefined) return undefined;
    const { eventId } = given.answer;
    await this.#takeInSingle(room, eventId, inTurn(given.server, servers));
    const stored = await rooms.events.inRoom(rooms.db, room, eventId);
    const isThere = stored !== undefined && (direction === 'f' ? stored.event.ts >= ts : stored.event.ts <= ts);
    return isThere && stored.pos !== undefined ? stored : undefined;
  }

  /** Takes in one event from somewhere in the history: what is around it is fetched when somebody looks there. */
  async #takeInSingle(room: Room, eventId: EventId, servers: readonly ServerName[]): Promise<void> {
    const { rooms, peers, checked } = this.#parts;
    const known = await rooms.events.byId(rooms.db, eventId);
    const [server] = servers;
    if ((known !== undefined && (known.flags & OUTLIER) === 0) || server === undefined) return;
    for (const gap of await gapsOf(rooms.db, room.nid)) {
      const edge = await edgeOfGap(rooms.db, room.nid, gap, MOST_EDGE);
      if (edge.includes(eventId) && (await this.#fill(room, gap))) return;
    }
    const pdu = await peers.event(server, eventId);
    const [verdict] = pdu === undefined ? [] : await checked.read([pdu], room.version);
    if (verdict?.outcome !== 'good' || verdict.event.id !== eventId || verdict.event.roomId !== room.roomId) return;
    const states = await statesBefore(this.#parts, room, [verdict.event], servers);
    if (states === undefined) return;
    const judged = await withAuthEvents(this.#parts, room, [verdict.event], server);
    await writeRoom(rooms, room, async tx => {
      const first = await islandPlace(rooms, tx, room, verdict.event);
      if (first === undefined) return;
      await ingestHistory(rooms, tx, room, judged, { first, gapPos: first, statesBefore: states });
    });
  }
}

/** The one that has given something first, the others after it. */
function inTurn(first: ServerName, servers: readonly ServerName[]): ServerName[] {
  return [first, ...servers.filter(server => server !== first)];
}
