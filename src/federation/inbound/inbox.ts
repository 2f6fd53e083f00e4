import { EventError } from '../../core/event.ts';
import type { EventId, RoomId, ServerName } from '../../core/ids.ts';
import { getString, isObject, type Json, JsonError, type JsonObject, parseJson } from '../../core/json.ts';
import { invalidParam, MatrixError } from '../../core/matrix-error.ts';
import type { RoomVersion } from '../../core/room-versions.ts';
import type { Tx } from '../../db/database.ts';
import { isResident } from '../../rooms/current-membership.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import { OUTLIER, type Room } from '../../rooms/room.ts';
import { mayTakePart } from '../../rooms/server-acl.ts';
import { readPdu } from '../events/checked-events.ts';
import type { JoiningRooms } from '../joining/joining-rooms.ts';
import { Allowances } from './allowances.ts';
import type { Arrivals } from './arrivals.ts';
import { addToInbox, answerOf, countWaiting, rememberTransaction } from './inbox.table.ts';
import type { EduReceiver } from './ports.ts';
import { endsPending, type RoomDrain } from './room-drain.ts';

export interface InboxParts {
  readonly rooms: RoomsParts;
  readonly edus: EduReceiver;
  readonly drain: Pick<RoomDrain, 'wake'>;
  /** Events of rooms that we are coming into wait until we are in them. */
  readonly joining: JoiningRooms;
  /** Where it is noted who brought what. */
  readonly arrivals?: Pick<Arrivals, 'note'>;
}

/** A transaction as another server sent it. */
export interface ReceivedTransaction {
  readonly txnId: string;
  /** The text of each event, so that one which is not what it should be spoils no other. */
  readonly pdus: readonly string[];
  readonly edus: readonly Json[];
}

const MOST_PDUS = 50;
const MOST_EDUS = 100;
const LONGEST_TXN_ID = 255;
const RETRY_AFTER_MS = 30_000;

/** An event that is to be kept until its room takes it in. */
interface Waiting {
  readonly room: Room;
  readonly eventId: EventId;
  readonly json: string;
}

/** What became of an event: nothing to say, or why it is not taken. */
type Result = { readonly error?: string };

/** What a transaction says of each event, and those to be kept. */
interface Read {
  readonly results: { [id: string]: Result };
  readonly accepted: readonly Waiting[];
}

/**
 * Receives transactions of other servers (server-server API, "Transactions"). What is acknowledged is on the disk: the
 * events wait in the inbox until their rooms take them in.
 */
export class Inbox {
  readonly #parts: InboxParts;
  readonly #allowances: Allowances;

  constructor(parts: InboxParts) {
    this.#parts = parts;
    this.#allowances = new Allowances(parts.rooms);
  }

  /** The answer to the transaction. @throws MatrixError M_INVALID_PARAM, M_LIMIT_EXCEEDED */
  async receive(origin: ServerName, { txnId, pdus, edus }: ReceivedTransaction): Promise<JsonObject> {
    if (pdus.length > MOST_PDUS) throw invalidParam(`A transaction has at most ${MOST_PDUS} PDUs.`);
    if (edus.length > MOST_EDUS) throw invalidParam(`A transaction has at most ${MOST_EDUS} EDUs.`);
    if (txnId.length > LONGEST_TXN_ID) throw invalidParam('The transaction ID is too long.');
    const { rooms } = this.#parts;
    const originNid =
      (await rooms.nids.domains.findOne(rooms.db, origin)) ??
      (await rooms.db.tx(tx => rooms.nids.domains.internOne(tx, origin)));
    const earlier = await answerOf(rooms.db, originNid, txnId);
    if (earlier !== undefined) return JSON.parse(earlier) as JsonObject;
    if (pdus.length > 0) await this.#requireRoom(originNid);
    const { results, accepted } = await this.#readAll(origin, pdus);
    const answer = { pdus: results };
    const remember = (tx: Tx) =>
      rememberTransaction(tx, { originNid, txnId, answer: JSON.stringify(answer) }, rooms.clock.now());
    // Events alone, which is the rule, are kept with the answer; EDUs have to be taken before it is remembered.
    await this.#keep(originNid, accepted, edus.length === 0 ? remember : undefined);
    this.#note(origin, 'sent', accepted);
    await this.#parts.edus.receive(origin, edus.filter(isObject));
    if (edus.length > 0) await rooms.db.tx(remember);
    return answer;
  }

  /** @throws MatrixError M_LIMIT_EXCEEDED where too many events of a server wait */
  async #requireRoom(originNid: number): Promise<void> {
    const waiting = await countWaiting(this.#parts.rooms.db, originNid);
    if (await this.#allowances.mayWait(originNid, waiting)) return;
    await this.#allowances.limited(originNid);
    throw new MatrixError('M_LIMIT_EXCEEDED', 'Too many events of your server wait here.', {
      fields: { retry_after_ms: RETRY_AFTER_MS },
    });
  }

  async #readAll(origin: ServerName, pdus: readonly string[]): Promise<Read> {
    const results: { [id: string]: Result } = {};
    const accepted: Waiting[] = [];
    for (const text of pdus) {
      const read = await this.#read(origin, text);
      if (read === undefined) continue;
      results[read.eventId] = read.error === undefined ? {} : { error: read.error };
      if (read.error === undefined && !read.isKnown)
        accepted.push({ room: read.room, eventId: read.eventId, json: text });
    }
    return { results, accepted };
  }

  /** Takes events of one room that came by asking, as if the server that gave them had sent them. */
  async take(origin: ServerName, room: Room, events: readonly Omit<Waiting, 'room'>[]): Promise<void> {
    const { rooms } = this.#parts;
    const originNid = await rooms.db.tx(tx => rooms.nids.domains.internOne(tx, origin));
    await this.#keep(
      originNid,
      events.map(event => ({ ...event, room })),
    );
    this.#note(origin, 'asked', events);
  }

  #note(server: ServerName, how: 'sent' | 'asked', events: readonly Omit<Waiting, 'room'>[]): void {
    const ids = events.map(({ eventId }) => eventId);
    this.#parts.arrivals?.note(ids, { server, how, at: this.#parts.rooms.clock.now() });
  }

  /** `also` is written in the same transaction. */
  async #keep(originNid: number, events: readonly Waiting[], also?: (tx: Tx) => Promise<void>): Promise<void> {
    if (events.length === 0 && also === undefined) return;
    const { rooms, drain } = this.#parts;
    const now = rooms.clock.now();
    await rooms.db.tx(async tx => {
      for (const { room, eventId, json } of events)
        await addToInbox(tx, { originNid, roomNid: room.nid, eventId, json }, now);
      await also?.(tx);
    });
    for (const { room } of events) drain.wake(room);
  }

  /** Undefined where not even the ID of the event can be told. */
  async #read(
    origin: ServerName,
    text: string,
  ): Promise<
    | { eventId: EventId; error: string }
    | { eventId: EventId; error: undefined; room: Room; isKnown: boolean }
    | undefined
  > {
    const { rooms, joining } = this.#parts;
    const room = await this.#roomOf(text);
    const pdu = room === undefined ? undefined : jsonOf(text, room.version);
    const event = room === undefined || pdu === undefined ? undefined : readPdu(pdu, room.version, rooms.crypto);
    if (room === undefined || event === undefined || event instanceof EventError) {
      const reason = event instanceof EventError ? event.reason : 'it is of no room that we know, or no proper JSON';
      rooms.log.info('An event of another server is refused.', { origin, reason });
      return undefined;
    }
    const eventId = event.id;
    const isIn = await isResident(rooms, rooms.db, room);
    if (!isIn && !joining.has(room) && !(await endsPending(rooms, rooms.db, room, event)))
      return { eventId, error: 'We are not in that room.' };
    if (isIn && !(await mayTakePart(rooms, rooms.db, room, origin)))
      return { eventId, error: "The room's server ACL does not let your server take part." };
    const known = await rooms.events.byId(rooms.db, eventId);
    const isKnown = known !== undefined && (known.flags & OUTLIER) === 0;
    return { eventId, error: undefined, room, isKnown };
  }

  async #roomOf(text: string): Promise<Room | undefined> {
    const pdu = JSON.parse(text) as Json;
    const roomId = isObject(pdu) ? getString(pdu, 'room_id') : undefined;
    return roomId === undefined ? undefined : this.#parts.rooms.rooms.find(this.#parts.rooms.db, roomId as RoomId);
  }
}

function jsonOf(text: string, { strictJson }: RoomVersion): Json | undefined {
  try {
    return parseJson(text, strictJson ? 'strict' : 'lenient');
  } catch (error) {
    if (error instanceof JsonError) return undefined;
    throw error;
  }
}
